/* SPDX-License-Identifier: MIT */
/* An arena whose end moves; for the grow files only.
 *
 *     | g | starts ->    | used ->      | h | granules ->                 | g |
 *           range 0        range 1        \_______ range 2 _____/
 *
 *     g   never mapped
 *     h   one page: what is kept ready by size, list heads and granule -1
 *
 * The places are laid out once for as many granules as the window can ever
 * show, and cost nothing but addresses.  What is mapped is what the granules of
 * the moment need, so no table ever has to move, and the arena is not a chain
 * of pieces but one piece that becomes longer: whatever was searched, merged
 * and found in constant time before, still is.
 *
 *     G1: with n granules, ranges 0 and 1 end with the page of bit n, range 2
 *         with granule n - 1, which is the last of its page.
 *     G2: without granules nothing is mapped.
 *
 * Moving the end is a free and an allocation like any other: new granules come
 * as a block in use that is released, those that go are taken first.
 */
#ifndef MM_GROW_GROW_ARENA_H
#define MM_GROW_GROW_ARENA_H

#include "lib/addr.h"
#include "mm/armour/armour_calls.h"
#include "mm/grow/grow_private.h"
#include "mm/grow/window.h"

#define GRANULES_PER_PAGE (PAGE_BYTES / GRANULE_BYTES)

/* The ranges of the window. */
enum {
    STARTS,
    USED,
    GRANULES
};

/* Where the ranges of the window have to end for `granules` granules. */
static inline uintptr_t map_end(uintptr_t begin, uint32_t granules)
{
    uint32_t words = grow.words_below + granules / WORD_BITS + 1;

    if (granules == 0)
        return begin;
    return align_up(begin + words * sizeof(uint32_t), PAGE_BYTES);
}

static inline uintptr_t granules_end(uint32_t granules)
{
    if (granules == 0)
        return grow.base - PAGE_BYTES;
    return grow.base + granules * GRANULE_BYTES;
}

static inline bool place_resize(unsigned range, uintptr_t end)
{
    return window_move_end(range, end) == WINDOW_OK;
}

/* Maps what `granules` granules need, no more; false, and nothing changed, if
 * there are not enough frames.  Fewer than before always works. */
static bool places_resize(uint32_t granules)
{
    const struct page_range *ranges = window_pages()->mapped;
    uintptr_t before[] = { ranges[STARTS].end, ranges[USED].end,
                           ranges[GRANULES].end };

    if (place_resize(STARTS, map_end(ranges[STARTS].begin, granules)) &&
        place_resize(USED, map_end(ranges[USED].begin, granules)) &&
        place_resize(GRANULES, granules_end(granules)))
        return true;
    for (unsigned i = 0; i < WINDOW_RANGES; i++)
        window_move_end(i, before[i]);
    return false;
}

/* An arena without granules: it refuses everything and looks at no table. */
static void arena_close(struct arena *arena)
{
    uint32_t reclaims = arena->reclaims, rebuilds = arena->rebuilds;

    *arena = (struct arena){
        .begin = grow.base,
        .base = grow.base,
        .end = grow.base,
        .wilderness = NO_EXTENT,
        .youngest = NO_EXTENT,
        .reclaims = reclaims,
        .rebuilds = rebuilds,
    };
}

/* Its tables are mapped, and zero. */
static void arena_open(struct arena *arena)
{
    const struct page_range *ranges = window_pages()->mapped;

    arena->begin = ranges[GRANULES].begin;
    arena->classes = grow.classes;
    arena->lowest = 0 - (grow.classes + 1);
    arena->numbers = grow.classes + 1;
    arena_place_sizes(arena, SIZES_MAX);
    arena->starts = (uint32_t *)ranges[STARTS].begin + grow.words_below;
    arena->used = (uint32_t *)ranges[USED].begin + grow.words_below;
    arena_tie(arena);
}

/* The free run that ends with the last granule; empty if that is in use, or
 * part of a pile. */
static inline struct extent arena_tail(const struct arena *arena)
{
    uint32_t end = arena->granules, begin;

    if (end == 0)
        return (struct extent){ 0, 0 };
    begin = armour_block_previous(arena, end);
    if (is_used(arena, begin) || is_pile(arena, begin))
        begin = end;
    return (struct extent){ begin, end };
}

/* Makes the granules [begin, granules), a used block, the free tail.  Being the
 * wilderness, it is used last, so that the arena may become shorter again. */
static void tail_release(struct arena *arena, uint32_t begin)
{
    struct extent wilderness;

    note_length(arena, begin, arena->granules);
    block_release(arena, begin, arena->granules);
    wilderness = arena->wilderness;
    if (wilderness.end == arena->granules)
        return;
    arena->wilderness = arena->youngest;
    arena->youngest = wilderness;
}

static void end_set(struct arena *arena, uint32_t granules)
{
    arena->granules = granules;
    arena->numbers = arena->classes + 1 + granules;
    arena->end = armour_address_of(arena, granules);
    cut_at(arena, granules);
    mark_used(arena, granules);
}

/* Up to `granules`, a whole number of pages, more than there are.  False, and
 * nothing changed, if there are not enough frames. */
static bool arena_lengthen(struct arena *arena, uint32_t granules)
{
    uint32_t before = arena->granules;

    if (!places_resize(granules))
        return false;
    if (before == 0)
        arena_open(arena);
    end_set(arena, granules);
    tail_release(arena, before);
    return true;
}

/* Down to `granules`, a whole number of pages, which lie inside the tail.  Not
 * at all if a stray write has made a pile look like a tail. */
static void arena_shorten(struct arena *arena, uint32_t granules)
{
    struct extent tail = arena_tail(arena);

    if (!armour_run_take(arena, tail.begin))
        return;
    if (arena->wilderness.begin == tail.begin)
        arena->wilderness = NO_EXTENT;
    join_at(arena, tail.end);
    end_set(arena, granules);
    if (tail.begin < granules)
        tail_release(arena, tail.begin);
    places_resize(granules);
    if (granules == 0)
        arena_close(arena);
}

#endif
