/* SPDX-License-Identifier: MIT */
/* The two runs that are kept out of the index; armour_runs.h tells of them. */
#ifndef MM_ARMOUR_ARMOUR_APART_H
#define MM_ARMOUR_ARMOUR_APART_H

#include "mm/armour/armour_index.h"

/* `run` is free and in no ring.  The youngest until now goes into its ring. */
static inline void youngest_set(struct arena *arena, struct extent run)
{
    struct extent old = arena->youngest;

    arena->youngest = run;
    if (old.begin != NO_GRANULE)
        armour_index_insert(arena, old.begin, extent_length(old));
}

/* Makes a free run a used block, out of the index; false, and nothing done, if
 * it is a pile.  The maps are true at each step, because a rebuild may come in
 * between. */
static inline bool armour_run_take(struct arena *arena, uint32_t run)
{
    if (run == arena->youngest.begin)
        arena->youngest = NO_EXTENT;
    else if (run != arena->wilderness.begin && !armour_index_remove(arena, run))
        return false;
    mark_used(arena, run);
    return true;
}

/* Of armour_runs.h; the attributes are here, as with armour_index_remove(). */
static enum heap_error block_release(struct arena *arena, uint32_t start,
                                     uint32_t end)
    __attribute__((noinline, unused));

#endif
