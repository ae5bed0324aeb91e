/* SPDX-License-Identifier: MIT */
/* Taking blocks out of free runs, and giving them back.
 *
 * Two runs are kept out of the index, with their ends among the bookkeeping:
 *
 *     the wilderness    what was never handed out: used last, from both ends,
 *                       small and growing blocks low, all others high
 *     the youngest      the run that was made last, by a free or a cut: what is
 *                       freed next is often its neighbour
 *
 *     | small .... | grown |   wilderness   | large | large .. | large |
 *                           -->          <--
 *
 *     R1: no two free blocks touch, piles excepted: what is released is merged
 *         with its free neighbours at once.
 *     R2: the wilderness and the youngest run are free blocks or empty.
 *
 * Small blocks and large ones come from different ends, so a large block that
 * is freed has large neighbours.  Heaps that serve both from one end are left
 * with holes between small blocks, all of them just too small.
 */
#ifndef MM_ARMOUR_ARMOUR_RUNS_H
#define MM_ARMOUR_ARMOUR_RUNS_H

#include "mm/armour/armour_apart.h"

/* The used block [start, end) becomes free: merged with its free neighbours
 * (R1) that armour_run_take() gives.  The merged run replaces the wilderness if
 * it contains its beginning, else it becomes the youngest.  Nothing is joined
 * before both neighbours are taken: a rebuild in between looks at the maps.
 * HEAP_OK. */
static enum heap_error block_release(struct arena *arena, uint32_t start,
                                     uint32_t end)
{
    /* LAB 7 BEGIN: return HEAP_NOT_WRITTEN; */
    uint32_t behind = end, previous;

    if (!is_used(arena, behind) && armour_run_take(arena, behind))
        end = armour_block_end(arena, behind);
    previous = armour_block_previous(arena, start);
    if (!is_used(arena, previous) && armour_run_take(arena, previous)) {
        join_at(arena, start);
        start = previous;
    }
    if (end != behind)
        join_at(arena, behind);
    mark_free(arena, start);
    note_length(arena, start, end);
    /* One comparison for start <= wilderness.begin < end. */
    if (arena->wilderness.begin - start < end - start)
        arena->wilderness = (struct extent){ start, end };
    else
        youngest_set(arena, (struct extent){ start, end });
    return HEAP_OK;
    /* LAB 7 END */
}

/* Moves the low end of a run that is in no ring up to `begin`: what is in front
 * becomes a block of its own, its mark and length the caller's to write.  A run
 * that has nothing left becomes NO_EXTENT. */
static inline void extent_shrink(struct arena *arena, struct extent *extent,
                                 uint32_t begin)
{
    /* LAB 7 BEGIN */
    if (begin == extent->end) {
        *extent = NO_EXTENT;
        return;
    }
    cut_at(arena, begin);
    mark_free(arena, begin);
    extent->begin = begin;
    note_length(arena, begin, extent->end);
    /* LAB 7 END */
}

static inline uint32_t extent_cut_low(struct arena *arena,
                                      struct extent *extent, uint32_t length)
{
    uint32_t start = extent->begin;

    extent_shrink(arena, extent, start + length);
    mark_used(arena, start);
    note_length(arena, start, start + length);
    return start;
}

static inline uint32_t extent_cut_high(struct arena *arena,
                                       struct extent *extent, uint32_t length)
{
    uint32_t end = extent->end, start = end - length;

    if (start == extent->begin) {
        *extent = NO_EXTENT;
    } else {
        cut_at(arena, start);
        extent->end = start;
        note_length(arena, extent->begin, start);
        note_length(arena, start, end);
    }
    mark_used(arena, start);
    return start;
}

/* A run for `length` granules: the youngest or one of the index, whichever
 * leaves less over; if there is neither, the wilderness; if that is too small,
 * NULL.  One from the index becomes the youngest. */
static inline struct extent *extent_find(struct arena *arena, uint32_t length)
{
    struct extent *youngest = &arena->youngest;
    uint32_t run = armour_index_find(arena, length), end;

    if (run != NO_GRANULE) {
        end = armour_block_end(arena, run);
        /* If the youngest is too short, the difference is huge. */
        if (extent_length(*youngest) - length >= end - run - length) {
            armour_index_remove(arena, run);
            youngest_set(arena, (struct extent){ run, end });
        }
        return youngest;
    }
    if (extent_length(*youngest) >= length)
        return youngest;
    if (extent_length(arena->wilderness) >= length)
        return &arena->wilderness;
    return NULL;
}

#endif
