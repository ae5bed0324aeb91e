/* SPDX-License-Identifier: MIT */
/* Where an arena keeps what; for the armour files only.
 *
 *     begin                                            base               end
 *     | sizes | starts | used | list heads ...... | x | 0 | 1 | 2 | .. | n-1 |
 *       \___________________________________________/   \________________/
 *              bookkeeping: no payload among it            granules of 8 bytes
 *
 * Memory is counted in granules, from `base` on, and a block is known by the
 * number of its first granule.  The list heads are numbered too, downwards
 * from -2, as if they were granules in front of the first: so a link can name
 * a run or a head alike.  Granule -1 (x) belongs to nobody and counts as used;
 * no block can be merged with what lies before the first.
 *
 * All tables grow with the region, so that one of 8 KiB does not pay for those
 * of 2 MiB.  Nothing here knows how many arenas there are.
 */
#ifndef MM_ARMOUR_ARMOUR_ARENA_H
#define MM_ARMOUR_ARMOUR_ARENA_H

#include "mm/heap/heap.h"

#define GRANULE_BYTES HEAP_ALIGNMENT
#define WORD_BITS     32u

/* Blocks of up to so many granules (192 bytes) are kept ready by size.  With 16
 * an allocation and a free together cost six instructions more on the traces of
 * programs; more sizes save little, and take memory. */
#define SIZES_MAX 24u
_Static_assert(SIZES_MAX < WORD_BITS,
               "short_block_length() knows their lengths");
/* What a size takes of the bookkeeping. */
#define SIZE_BYTES ((uint32_t)(sizeof(uintptr_t) + sizeof(struct extent)))
/* No granule, head or size has this number. */
#define NO_GRANULE 0x80000000u

/* Granules [begin, end); empty if both are equal. */
struct extent {
    uint32_t begin, end;
};

#define NO_EXTENT ((struct extent){ NO_GRANULE, NO_GRANULE })

/* Room for the classes of 2^29 granules: see class_of(). */
#define CLASS_WORDS 5u

struct arena {
    uintptr_t base; /* address of granule 0 */
    uint32_t granules;
    uint32_t *starts; /* the two maps: see armour_maps.h */
    uint32_t *used;
    uint32_t lowest;  /* the number of the lowest list head, < 0 */
    uint32_t numbers; /* from there to the last granule */
    uint32_t classes; /* lists of free runs: see armour_index.h */
    uint32_t summary; /* bit i: class_bits[i] may be other than 0 */
    uint32_t class_bits[CLASS_WORDS];
    struct extent wilderness; /* free and in no list: see armour_runs.h */
    struct extent youngest;   /* likewise */
    /* What waits for a request of 1 .. `sizes` granules: see armour_sizes.h.
     * Both are counted from 1. */
    uint32_t sizes;
    uintptr_t *recent; /* addresses; 0: none */
    struct extent *piles;
    uint32_t moving; /* length that the last block to move asked for */
    struct heap_usage usage;
    uintptr_t begin, end; /* the region, rounded inward */
    uint32_t reclaims;    /* times that all kept ready was released */
    uint32_t rebuilds;    /* times that a stray write cost the index */
    /* Who is asked for a block that does not fit, and of an address that is not
     * here; NULL: nobody. */
    void *(*no_room)(size_t bytes, size_t alignment);
    enum heap_error (*elsewhere)(uintptr_t address);
};

/* The arena of the static heap. */
extern struct arena armour_arena;

/* Lays out [begin, end), all free.  False, and an arena that is full from the
 * start, if the bookkeeping does not fit. */
bool arena_init(struct arena *arena, uintptr_t begin, uintptr_t end);

/* Places what is kept by size at the begin of the region. */
void arena_place_sizes(struct arena *arena, uint32_t sizes);

/* The last step of laying out: ties the rings and marks what borders on the
 * granules; the maps are all zero. */
void arena_tie(struct arena *arena);

/* The first invariant that does not hold.  The arena's counters may include
 * `elsewhere`: what is in use in other arenas. */
struct violation arena_check(const struct arena *arena,
                             struct heap_usage elsewhere);

static inline uintptr_t armour_address_of(const struct arena *arena,
                                          uint32_t granule)
{
    return arena->base + granule * GRANULE_BYTES;
}

/* The number of the granule at `address`.  An address that is misaligned gets
 * a number beyond all granules: rotating instead of shifting moves the three
 * low bits, which must be 0, to the top.  So does one below `base`. */
static inline uint32_t granule_of(const struct arena *arena, uintptr_t address)
{
    uint32_t offset = (uint32_t)(address - arena->base);

    return offset >> 3 | offset << 29;
}

_Static_assert(GRANULE_BYTES == 1u << 3, "granule_of() rotates by 3");

/* How many granules hold `bytes` bytes; 0 for 0, and for so many that rounding
 * them up overflows. */
static inline uint32_t granules_for(size_t bytes)
{
    return (bytes + GRANULE_BYTES - 1) / GRANULE_BYTES;
}

static inline uint32_t extent_length(struct extent extent)
{
    return extent.end - extent.begin;
}

#endif
