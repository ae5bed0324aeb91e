/* SPDX-License-Identifier: MIT */
/* An arena: memory to hand out, and everything that is known about it.
 *
 *     begin                               base                 end
 *     | hints | starts | used ...... | x | 0 | 1 | 2 | .. | n-1 |
 *       \___________________________/     \____________________/
 *       bookkeeping: no block is here       granules of 8 bytes
 *
 * Fifteen words are enough to read the armour files:
 *
 *     granule      8 bytes; memory is counted in them, from `base` on
 *     sentinel     granules -1 (x) and n are marked used: no block reaches them
 *     block        granules in a row, used or free; blocks tile the arena
 *     starts, used the two maps, one bit a granule: they decide everything
 *     map gap      words of `starts` inside a long block; its length is there
 *     run          a free block
 *     class        runs of about one length
 *     hint         a granule where a run of a class once began; may be stale
 *     size cache   freed blocks of one size; the maps still call them used
 *     batch        a short run off which small blocks are cut, one by one
 *     last freed   the run that was made last: its neighbour is often next
 *     wilderness   the run that was never handed out
 *     sweep        all caches emptied, all runs merged, all hints made anew
 *     arena        all of this; there may be several
 *
 * Where a free block can be:
 *
 *     in a size cache     used in the maps
 *     batch               ends in struct arena; no length in the map gap
 *     last freed          likewise
 *     wilderness          likewise
 *     any other run       in the maps alone; a hint may lead to it or not
 *
 * All tables grow with the region, so that one of 8 KiB does not pay for those
 * of 2 MiB.
 */
#ifndef MM_ARMOUR_ARMOUR_H
#define MM_ARMOUR_ARMOUR_H

#include "lib/bits.h"
#include "mm/heap/heap.h"

#define GRANULE_SIZE HEAP_ALIGNMENT

/* The number of a granule, how many there are of them, and a class of lengths:
 * structs, because they must not be mixed up. */
typedef struct {
    uint32_t number;
} granule_t;

typedef struct {
    uint32_t count;
} granules_t;

typedef struct {
    uint32_t number;
} class_t;

/* Greater than the number of any granule, so that it is never the lowest; and
 * negative, which takes one instruction less to ask. */
#define NO_GRANULE ((granule_t){ 0x80000000u })

/* A free block [begin, end); NO_RUN if there is none. */
struct run {
    granule_t begin, end;
};

#define NO_RUN ((struct run){ NO_GRANULE, NO_GRANULE })

/* Where freed blocks of one size begin; NO_GRANULE for none.  The newest one is
 * handed out first.  A cache that is never used has no place for an older one:
 * NO_PLACE. */
struct size_cache {
    granule_t newest, older;
};

#define NO_PLACE ((granule_t){ 0x7FFFFFFF })

/* The two lowest granules where runs of one class were announced. */
struct hints {
    granule_t lowest, next;
};
_Static_assert(sizeof(struct hints) == 8, "arena_init() counts with it");

/* Sizes that have a cache: up to 27 granules (216 bytes), and in a small
 * region one for each 2 KiB. */
#define CACHES_MAX      27u
#define BYTES_PER_CACHE 2048u

/* Below this each length is a class of its own.  Above there are 16 classes a
 * doubling up to 127 granules, and then four: 32..33, 34..35, ..., 64..67, ...,
 * 128..159, 160..191, 192..223, 224..255, 256..319, ... */
#define EXACT_LENGTHS 32u

/* One bit a class, for the classes of 2^29 granules. */
#define CLASS_WORDS 5u

struct arena {
    /* By granules; the last one is that of all long blocks, and never used. */
    struct size_cache caches[WORD_BITS + 1];
    uintptr_t base;    /* address of granule 0 */
    granules_t length; /* how many granules there are */
    uint32_t *starts;  /* the two maps: see armour_maps.h */
    uint32_t *used;
    struct hints *hints; /* one pair a class */
    uint32_t class_count;
    uint32_t class_bits[CLASS_WORDS]; /* classes that have a hint */
    struct run batch, last_freed, wilderness;
    uint32_t cache_count; /* lengths up to it have one */
    /* What is in use, counted so that a call has little to add. */
    uint32_t peak, below_peak;   /* granules; the peak less those in use */
    uint32_t allocations, frees; /* so far; the difference is in use */
    uint32_t resizes;            /* by armour_calls */
    uintptr_t begin, end;        /* the region, rounded inward */
    uint32_t seams;  /* batches since the last sweep of which a rest is left */
    uint32_t sweeps; /* so far */
};

/* -- What an arena does ---------------------------------------------------- */

/* Lays out [begin, end), all of it one wilderness.  False, and an arena that is
 * full from the start, if the bookkeeping does not fit. */
bool arena_init(struct arena *arena, uintptr_t begin, uintptr_t end);
/* See struct heap_backend for what these promise; but the first three do not
 * sweep, and so may miss a run that is long enough. */
void *arena_alloc(struct arena *arena, size_t bytes);
/* For a block that could not grow where it was, and will grow again: off the
 * low end of a run. */
void *arena_alloc_growing(struct arena *arena, size_t bytes);
void *arena_alloc_aligned(struct arena *arena, size_t bytes, size_t alignment);
/* Sweeps, then allocates off the shortest run that will do.  NULL only if no
 * run is long enough. */
void *arena_alloc_swept(struct arena *arena, size_t bytes, size_t alignment);
enum heap_error arena_free(struct arena *arena, uintptr_t address);
bool arena_resize(struct arena *arena, uintptr_t address, size_t bytes);
/* 0 if no used block starts at `address`. */
size_t arena_size(const struct arena *arena, uintptr_t address);
struct heap_usage arena_usage(const struct arena *arena);
bool arena_walk(const struct arena *arena, block_visitor visit, void *context);
/* Empties the caches and merges all runs; looks at each block. */
void arena_sweep(struct arena *arena);
/* The first invariant that does not hold. */
struct violation arena_check(const struct arena *arena);

/* -- For the files of armour and grow -------------------------------------- */

/* Makes an arena without granules, at `base`: it refuses everything. */
void arena_init_empty(struct arena *arena, uintptr_t base);
/* The last step: `starts`, `used`, `hints` and their number are set; the maps
 * are all zero.  There are no hints, and granule -1 is a sentinel. */
void arena_init_tables(struct arena *arena);
/* The granule at the end becomes a sentinel. */
void arena_set_length(struct arena *arena, granules_t length);
/* The used block [begin, end) becomes a run, merged with its neighbours. */
void arena_release(struct arena *arena, granule_t begin, granule_t end);
/* No hint leads to `run` any more, and it is none of the three others. */
void arena_forget(struct arena *arena, struct run run);
/* Why no used block of this arena starts at `address`. */
enum heap_error arena_address_error(const struct arena *arena,
                                    uintptr_t address);

/* -- Units ----------------------------------------------------------------- */

/* Where a granule begins. */
static inline uintptr_t address_of(const struct arena *arena, granule_t granule)
{
    return arena->base + granule.number * GRANULE_SIZE;
}

/* The granule at `address`.  An address that is misaligned gets a number beyond
 * all granules: rotating instead of shifting moves the three low bits, which
 * must be 0, to the top.  So does one below `base`. */
static inline granule_t armour_granule_at(const struct arena *arena,
                                          uintptr_t address)
{
    uint32_t offset = (uint32_t)(address - arena->base);

    return (granule_t){ offset >> 3 | offset << 29 };
}

_Static_assert(GRANULE_SIZE == 1u << 3, "armour_granule_at() rotates by 3");

/* How many granules hold `bytes` bytes; 0 for 0, and for a number that rounding
 * them up overflows. */
static inline granules_t granules_for(size_t bytes)
{
    return (granules_t){ (bytes + GRANULE_SIZE - 1) / GRANULE_SIZE };
}

/* How many bytes so long a block has. */
static inline size_t granule_bytes(granules_t length)
{
    return length.count * GRANULE_SIZE;
}

/* The granule that is `length` further on. */
static inline granule_t granule_after(granule_t granule, granules_t length)
{
    return (granule_t){ granule.number + length.count };
}

/* The granule that is `length` further back. */
static inline granule_t granule_before(granule_t granule, granules_t length)
{
    return (granule_t){ granule.number - length.count };
}

/* How long [begin, end) is. */
static inline granules_t granules_between(granule_t begin, granule_t end)
{
    return (granules_t){ end.number - begin.number };
}

static inline bool is_same(granule_t a, granule_t b)
{
    return a.number == b.number;
}

static inline granules_t run_length(struct run run)
{
    return granules_between(run.begin, run.end);
}

/* Of NO_GRANULE, and of nothing else. */
static inline bool is_none(granule_t granule)
{
    return (int32_t)granule.number < 0;
}

/* How many bytes are in use. */
static inline size_t used_bytes(const struct arena *arena)
{
    return (arena->peak - arena->below_peak) * GRANULE_SIZE;
}

/* How many blocks are in use. */
static inline uint32_t used_blocks(const struct arena *arena)
{
    return arena->allocations - arena->frees;
}

static inline bool is_run(struct run run)
{
    return !is_same(run.begin, run.end);
}

/* -- The static heap ------------------------------------------------------- */

extern struct arena armour_arena;

/* Starts with all of [begin, end) free, rounded inward to HEAP_ALIGNMENT; the
 * bookkeeping takes the low end.  May be called again at any time: then what
 * was allocated before is forgotten.  Returns STAGE_OK, also if the region is
 * too small for the bookkeeping: the heap is full from the start then. */
enum stage_state armour_init(uintptr_t begin, uintptr_t end);

/* See struct heap_backend for what these promise. */
void *armour_alloc(size_t bytes, size_t alignment);
void *armour_alloc_growing(size_t bytes);
enum heap_error armour_free(void *payload);
bool armour_resize(void *payload, size_t bytes);
size_t armour_size(const void *payload);
struct heap_usage armour_usage(void);
bool armour_owns(const void *payload);
bool armour_walk(block_visitor visit, void *context);
struct violation armour_check(void);
extern const struct heap_backend armour_backend;

/* kmalloc, kfree and krealloc where armour_backend, or one that is built on it,
 * serves alone: quick tries in the static heap. */
extern const struct heap_calls armour_calls;
void *armour_krealloc(void *payload, size_t bytes);

#endif
