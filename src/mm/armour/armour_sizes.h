/* SPDX-License-Identifier: MIT */
/* What is kept ready for the next request of a size of up to 192 bytes.
 *
 *     size 5:  recent   [ 0xc0123450 ]      freed, but neither merged nor
 *                                           even marked
 *              pile     | 5 | 5 | 5 | 5 |   one free run of whole blocks
 *                       begin           end
 *
 * A program that frees a block often asks for the same size next: the most
 * recent one waits here and is given out again without a look at the maps,
 * which go on calling it used.  Beyond that,
 *
 *   - an allocation takes the last block of the pile; if there is none, a strip
 *     of up to 512 bytes is cut off a run at once and becomes the pile, so that
 *     the search is paid for once for many blocks;
 *   - a free puts the block to the pile if they touch, else the block begins a
 *     new pile and the old one is released to the other runs.  Blocks that are
 *     freed in order are merged here first, for less than a release costs.
 *
 *     Z1: a recent block is a used block of its size.
 *     Z2: a pile is a free block of a multiple of its size, in no ring, marked
 *         with its size where the link back would be.
 *
 * What waits here is kept from other sizes.  Before a request fails, all of it
 * is released: sizes_empty(), at most 48 releases.
 */
#ifndef MM_ARMOUR_ARMOUR_SIZES_H
#define MM_ARMOUR_ARMOUR_SIZES_H

#include "mm/armour/armour_runs.h"

/* Strips are of 512 bytes, and for blocks of up to 128 bytes.  Half as long
 * they would cost an allocation and a free together four instructions more; of
 * 768 bytes, memory: .008 of the programs' utilisation. */
#define STRIP_GRANULES 64u
#define STRIP_SIZE_MAX 16u

static inline void pile_mark(struct arena *arena, uint32_t run, uint32_t size)
{
    links_of(arena, run)->previous = PILE_MARK | size;
}

/* Cuts a strip off the low end of `extent`: its last block is the result, the
 * others are the pile of the size, which was empty. */
static inline uint32_t strip_cut(struct arena *arena, struct extent *extent,
                                 uint32_t size)
{
    uint32_t begin = extent->begin, room = extent_length(*extent), last;

    if (room > STRIP_GRANULES)
        room = STRIP_GRANULES;
    room = room / size * size;
    last = begin + room - size;
    extent_shrink(arena, extent, begin + room);
    cut_at(arena, last);
    mark_used(arena, last);
    if (last != begin) {
        arena->piles[size] = (struct extent){ begin, last };
        pile_mark(arena, begin, size);
        note_length(arena, begin, last);
    }
    return last;
}

/* The used block [start, end) becomes the pile of its size; what was the pile
 * is released. */
static __attribute__((noinline)) enum heap_error
pile_replace(struct arena *arena, struct extent *pile, uint32_t start,
             uint32_t end)
{
    struct extent old = *pile;

    *pile = (struct extent){ start, end };
    mark_free(arena, start);
    pile_mark(arena, start, end - start);
    if (old.begin == old.end)
        return HEAP_OK;
    mark_used(arena, old.begin);
    return block_release(arena, old.begin, old.end);
}

/* Gives the used block [start, end) to the pile of its size, which it may touch
 * at either end. */
static inline enum heap_error pile_add(struct arena *arena, struct extent *pile,
                                       uint32_t start, uint32_t end)
{
    if (pile->end == start && pile->begin != start) {
        join_at(arena, start);
        pile->end = end;
    } else if (pile->begin == end && pile->end != end) {
        mark_free(arena, start);
        pile_mark(arena, start, end - start);
        join_at(arena, end);
        pile->begin = start;
    } else {
        return pile_replace(arena, pile, start, end);
    }
    note_length(arena, pile->begin, pile->end);
    return HEAP_OK;
}

/* Releases all that is kept ready; whether there was anything. */
static __attribute__((noinline, unused)) bool sizes_empty(struct arena *arena)
{
    bool released = false;

    arena->reclaims++;
    for (uint32_t size = 1; size <= arena->sizes; size++) {
        uintptr_t recent = arena->recent[size];
        struct extent pile = arena->piles[size];
        uint32_t start = granule_of(arena, recent);

        arena->recent[size] = 0;
        arena->piles[size].end = pile.begin;
        if (pile.begin != pile.end) {
            mark_used(arena, pile.begin);
            block_release(arena, pile.begin, pile.end);
            released = true;
        }
        if (recent) {
            block_release(arena, start, start + size);
            released = true;
        }
    }
    return released;
}

/* Whether the used block of `length` granules at `address` waits here. */
static inline bool is_recent(const struct arena *arena, uintptr_t address,
                             uint32_t length)
{
    return length <= arena->sizes && arena->recent[length] == address;
}

#endif
