/* SPDX-License-Identifier: MIT */
/* What can be asked of an arena, whichever it is.
 *
 *     alloc   recent block -> pile -> run of that length -> strip or block of
 *             a longer run -> wilderness -> arena->no_room
 *     free    the maps must call it a used block's start -> recent -> pile ->
 *             released
 *
 * A file that includes this is about one arena and passes no other: then the
 * compiler makes the arena's address part of the instructions, which saves one
 * register and a tenth of them.
 *
 * Functions marked noinline are the rarer ways: apart from the common way, they
 * do not cost it the saving of registers.
 */
#ifndef MM_ARMOUR_ARMOUR_CALLS_H
#define MM_ARMOUR_ARMOUR_CALLS_H

#include "lib/addr.h"
#include "mm/armour/armour_sizes.h"

/* -- Allocation ---------------------------------------------------------- */

/* A block where none is kept ready; NO_GRANULE if there is none at all. */
static inline uint32_t block_find(struct arena *arena, uint32_t length)
{
    struct extent *extent;

    if (length < EXACT_LENGTHS) {
        uint32_t run = class_first(arena, length);

        if (run != head_of(arena, length)) {
            armour_index_remove(arena, run);
            mark_used(arena, run);
            return run;
        }
    }
    extent = extent_find(arena, length);
    if (!extent)
        return NO_GRANULE;
    if (length <= STRIP_SIZE_MAX && length <= arena->sizes)
        return strip_cut(arena, extent, length);
    if (length == arena->moving)
        return extent_cut_low(arena, extent, length);
    return extent_cut_high(arena, extent, length);
}

static inline void *no_room(const struct arena *arena, size_t bytes,
                            size_t alignment)
{
    return arena->no_room ? arena->no_room(bytes, alignment) : NULL;
}

/* NULL if there is none. */
static inline void *alloc_from_runs(struct arena *arena, uint32_t length)
{
    uint32_t start = block_find(arena, length);

    if (start == NO_GRANULE)
        return NULL;
    usage_add(&arena->usage, length * GRANULE_BYTES);
    return (void *)armour_address_of(arena, start);
}

/* The recent block of a size; NULL if there is none. */
static inline void *alloc_recent(struct arena *arena, uint32_t size)
{
    uintptr_t address = arena->recent[size];

    if (address) {
        arena->recent[size] = 0;
        usage_add(&arena->usage, size * GRANULE_BYTES);
    }
    return (void *)address;
}

/* For a pile that was cut and is still long. */
static __attribute__((noinline)) void *
pile_note_length(struct arena *arena, const struct extent *pile)
{
    note_length(arena, pile->begin, pile->end);
    return (void *)armour_address_of(arena, pile->end);
}

/* Takes the last block of a size's pile, which is not empty. */
static inline void *alloc_from_pile(struct arena *arena, struct extent *pile,
                                    uint32_t size)
{
    uint32_t start = pile->end - size;

    pile->end = start;
    usage_add(&arena->usage, size * GRANULE_BYTES);
    cut_at(arena, start);
    mark_used(arena, start);
    if (start - pile->begin > WORD_BITS)
        return pile_note_length(arena, pile);
    return (void *)armour_address_of(arena, start);
}

/* Rounded up to granules. */
static inline void *alloc_plain(struct arena *arena, size_t bytes)
{
    uint32_t size = bytes / GRANULE_BYTES;
    void *payload = NULL;

    if (size <= arena->sizes) {
        struct extent *pile = &arena->piles[size];

        payload = alloc_recent(arena, size);
        if (!payload && pile->begin != pile->end)
            payload = alloc_from_pile(arena, pile, size);
    }
    if (!payload && size <= arena->granules)
        payload = alloc_from_runs(arena, size);
    return payload ? payload : no_room(arena, bytes, GRANULE_BYTES);
}

/* Cuts the used block [start, end) in two used ones. */
static void block_cut(struct arena *arena, uint32_t start, uint32_t middle,
                      uint32_t end)
{
    cut_at(arena, middle);
    mark_used(arena, middle);
    note_length(arena, start, middle);
    note_length(arena, middle, end);
}

/* A block from this arena or none. */
static inline uintptr_t alloc_here(struct arena *arena, size_t bytes)
{
    void *(*saved)(size_t, size_t) = arena->no_room;
    void *payload;

    arena->no_room = NULL;
    payload = alloc_plain(arena, bytes);
    arena->no_room = saved;
    return (uintptr_t)payload;
}

/* Takes a block so long that an aligned one lies in it wherever it starts, and
 * gives back what is in front and behind. */
static __attribute__((noinline)) void *
alloc_aligned(struct arena *arena, size_t bytes, size_t alignment)
{
    size_t slack = alignment - GRANULE_BYTES, peak = arena->usage.peak_bytes;
    uintptr_t address = 0;
    uint32_t start, aligned, aligned_end, end;

    if (slack < arena->granules * GRANULE_BYTES) /* or the sum might overflow */
        address = alloc_here(arena, bytes + slack);
    if (!address)
        return no_room(arena, bytes, alignment);
    start = granule_of(arena, address);
    end = armour_block_end(arena, start);
    aligned = granule_of(arena, align_up(address, alignment));
    aligned_end = aligned + bytes / GRANULE_BYTES;
    if (start != aligned) {
        block_cut(arena, start, aligned, end);
        block_release(arena, start, aligned);
    }
    if (aligned_end != end) {
        block_cut(arena, aligned, aligned_end, end);
        block_release(arena, aligned_end, end);
    }
    arena->usage.used_bytes -= slack;
    arena->usage.peak_bytes = peak;
    usage_peak(&arena->usage);
    return (void *)armour_address_of(arena, aligned);
}

/* `bytes` are rounded up to granules; `alignment` is a power of two of at least
 * one granule. */
static inline void *arena_alloc(struct arena *arena, size_t bytes,
                                size_t alignment)
{
    bytes = align_up(bytes, GRANULE_BYTES);
    if (alignment > GRANULE_BYTES)
        return alloc_aligned(arena, bytes, alignment);
    return alloc_plain(arena, bytes);
}

/* -- Free ---------------------------------------------------------------- */

/* Why no used block of this arena starts at `address`.  Searches the block
 * around it, on the way to a message. */
static __attribute__((noinline)) enum heap_error
address_error(const struct arena *arena, uintptr_t address)
{
    uint32_t start = (address - arena->base) / GRANULE_BYTES;

    if (address < arena->base || start >= arena->granules)
        return arena->elsewhere ? arena->elsewhere(address) : HEAP_FOREIGN;
    if (address % GRANULE_BYTES != 0)
        return HEAP_MISALIGNED;
    while (!is_start(arena, start))
        start--;
    /* What was freed may be inside a longer run by now. */
    return is_used(arena, start) ? HEAP_INTERIOR : HEAP_ALREADY_FREE;
}

/* Frees the used block of `size` granules at `address` where another one waits
 * as the recent block. */
static __attribute__((noinline)) enum heap_error
block_retire(struct arena *arena, uintptr_t address, uint32_t size)
{
    uint32_t start = granule_of(arena, address);

    usage_remove(&arena->usage, size * GRANULE_BYTES);
    return pile_add(arena, &arena->piles[size], start, start + size);
}

/* Frees a used block of a size that is not kept ready. */
static __attribute__((noinline)) enum heap_error
block_retire_large(struct arena *arena, uintptr_t address)
{
    uint32_t start = granule_of(arena, address),
             end = armour_block_end(arena, start);

    usage_remove(&arena->usage, (end - start) * GRANULE_BYTES);
    return block_release(arena, start, end);
}

/* On any error nothing changes. */
static inline enum heap_error arena_free(struct arena *arena, uintptr_t address)
{
    uint32_t size = short_block_length(arena, address);

    if (size == 0)
        return address_error(arena, address);
    if (size > arena->sizes)
        return block_retire_large(arena, address);
    if (arena->recent[size] == address)
        return HEAP_ALREADY_FREE;
    if (arena->recent[size])
        return block_retire(arena, address, size);
    arena->recent[size] = address;
    usage_remove(&arena->usage, size * GRANULE_BYTES);
    return HEAP_OK;
}

/* -- Resize and size --------------------------------------------------- */

/* Where the used block that starts at `address` ends; 0 if there is none. */
static inline uint32_t used_block_end(const struct arena *arena,
                                      uintptr_t address)
{
    uint32_t start = granule_of(arena, address), end;

    if (start >= arena->granules || !is_start(arena, start) ||
        !is_used(arena, start))
        return 0;
    end = armour_block_end(arena, start);
    return is_recent(arena, address, end - start) ? 0 : end;
}

/* Cuts the used block [start, end) off at `new_end`.  What is left over becomes
 * part of the run behind it, if there is one. */
static __attribute__((noinline)) void armour_block_trim(struct arena *arena,
                                                        uint32_t start,
                                                        uint32_t end,
                                                        uint32_t new_end)
{
    struct extent rest = { new_end, end };

    arena->usage.used_bytes -= (end - new_end) * GRANULE_BYTES;
    if (!is_used(arena, end) && armour_run_take(arena, end)) {
        rest.end = armour_block_end(arena, end);
        join_at(arena, end);
    }
    cut_at(arena, new_end);
    mark_free(arena, new_end);
    note_length(arena, start, new_end);
    note_length(arena, new_end, rest.end);
    if (arena->wilderness.begin == end)
        arena->wilderness = rest;
    else
        youngest_set(arena, rest);
}

/* The run that begins at `begin`, in no ring any more; NULL if there is none,
 * or if it ends before `least`. */
static struct extent *run_behind(struct arena *arena, uint32_t begin,
                                 uint32_t least)
{
    struct extent run;

    if (begin == arena->wilderness.begin)
        return &arena->wilderness;
    if (begin == arena->youngest.begin)
        return &arena->youngest;
    if (is_used(arena, begin))
        return NULL;
    run = (struct extent){ begin, armour_block_end(arena, begin) };
    if (run.end < least || !armour_index_remove(arena, begin))
        return NULL;
    youngest_set(arena, run);
    return &arena->youngest;
}

/* Moves the border between a used block and the run behind it up. */
static __attribute__((noinline)) bool
block_grow(struct arena *arena, uint32_t start, uint32_t end, uint32_t new_end)
{
    struct extent *extent = run_behind(arena, end, new_end);

    /* What could not grow here will grow again: the copy goes low. */
    if (!extent || new_end > extent->end) {
        arena->moving = new_end - start;
        return false;
    }
    join_at(arena, end);
    extent_shrink(arena, extent, new_end);
    note_length(arena, start, new_end);
    arena->usage.used_bytes += (new_end - end) * GRANULE_BYTES;
    usage_peak(&arena->usage);
    return true;
}

/* See struct heap_backend. */
static inline bool arena_resize(struct arena *arena, uintptr_t address,
                                size_t bytes)
{
    uint32_t end = used_block_end(arena, address);
    uint32_t start = granule_of(arena, address);
    uint32_t new_end = start + granules_for(bytes);

    if (end == 0)
        return false;
    if (new_end == end)
        return true;
    if (new_end > end)
        return block_grow(arena, start, end, new_end);
    armour_block_trim(arena, start, end, new_end);
    return true;
}

/* 0 if no used block starts at `address`. */
static inline size_t arena_size(const struct arena *arena, uintptr_t address)
{
    uint32_t end = used_block_end(arena, address);

    return end == 0 ? 0 : armour_address_of(arena, end) - address;
}

#endif
