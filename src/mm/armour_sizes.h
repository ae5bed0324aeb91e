/* SPDX-License-Identifier: MIT */
/* What is kept ready for the next request of a size of up to 128 bytes.
 *
 *     record of size 5:
 *       recent   [ 0xc0123450 ]  [ none ]      freed, but neither merged
 *                                              nor even marked
 *       pile     | 5 | 5 | 5 | 5 |             one free run of whole blocks
 *                 begin          end
 *
 * A program that frees a block often asks for the same size next: the two most
 * recent ones wait here and are given out again without a look at the maps,
 * which go on calling them used.  Beyond that,
 *
 *   - an allocation takes the last block of the pile; if there is none, a strip
 *     of up to 256 bytes is cut off a run at once and becomes the pile, so that
 *     the search is paid for once for many blocks;
 *   - a free puts the block to the pile if they touch, else the block begins a
 *     new pile and the old one is released to the other runs.  Blocks that are
 *     freed in order are merged here first, for less than a release costs.
 *
 *     Z1: a recent block is a used block of its record's size, and is recent
 *         once.
 *     Z2: a pile is a free block of a multiple of its size, in no ring, marked
 *         with its size where the link back would be.
 *
 * What waits here is kept from other sizes.  Before a request fails, all of it
 * is released: sizes_empty(), at most 48 releases.
 */
#ifndef MM_ARMOUR_SIZES_H
#define MM_ARMOUR_SIZES_H

#include "mm/armour_runs.h"

/* 256 bytes.  Strips of 384 would save three instructions for an allocation
 * and a free together, and cost much memory where a block grows among them. */
#define STRIP_GRANULES 32u

/* Of blocks of `bytes`, whole granules, at most sized_bytes. */
static inline struct size_record *record_of(const struct arena *arena,
                                            uint32_t bytes)
{
    return &arena->sizes[bytes / GRANULE_BYTES];
}

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
        arena->sizes[size].pile = (struct extent){ begin, last };
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

    mark_free(arena, start);
    pile_mark(arena, start, end - start);
    *pile = (struct extent){ start, end };
    if (old.begin == old.end)
        return HEAP_OK;
    mark_used(arena, old.begin);
    return block_release(arena, old.begin, old.end);
}

/* Gives the used block [start, end) to the pile of its size, which it may touch
 * at either end.  A large one is released: its neighbours are seldom of its
 * size. */
static inline enum heap_error pile_add(struct arena *arena, struct extent *pile,
                                       uint32_t start, uint32_t end)
{
    if (end - start > STRIP_SIZE_MAX)
        return block_release(arena, start, end);
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

/* Releases what all records hold; whether there was anything. */
static __attribute__((noinline, unused)) bool sizes_empty(struct arena *arena)
{
    uint32_t sizes = arena->sized_bytes / GRANULE_BYTES;
    bool released = false;

    arena->reclaims++;
    for (uint32_t size = 1; size <= sizes; size++) {
        struct size_record *record = &arena->sizes[size];
        struct extent pile = record->pile;

        record->pile.end = pile.begin;
        if (pile.begin != pile.end) {
            mark_used(arena, pile.begin);
            block_release(arena, pile.begin, pile.end);
            released = true;
        }
        for (int i = 0; i < 2; i++) {
            uint32_t start = granule_of(arena, record->recent[i]);

            if (record->recent[i] == 0)
                continue;
            record->recent[i] = 0;
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
    return length * GRANULE_BYTES <= arena->sized_bytes &&
           (arena->sizes[length].recent[0] == address ||
            arena->sizes[length].recent[1] == address);
}

#endif
