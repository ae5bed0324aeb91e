/* SPDX-License-Identifier: MIT */
/* Lists of free runs: they find a run of at least n granules without a search.
 *
 *     run_classes   ...0 1 0 0 1 1
 *                        |     | |
 *     runs[5] -----------+     | +--- runs[1] --> run <--> run
 *        |                     |
 *        +--> run              +----- runs[2] --> run <--> run <--> run
 *
 * A free run is in one list, by its length, and its links are in its first
 * granule.  The lowest bit set at n or above is the best fit.
 *
 * The lists are only hints; the maps decide.  A caller who kept a pointer into
 * a free granule can overwrite its links.  So a link is followed only if it
 * leads into a zone of the same pool, to a run that links back.  Otherwise all
 * lists of the pool are dropped and built again from the maps before the call
 * ends: a damaged hint costs time, never memory.
 */
#ifndef MM_SPANS_SPANS_RUNS_H
#define MM_SPANS_SPANS_RUNS_H

#include "mm/spans/spans_zone.h"

/* Drops all lists of `pool`, and sets `forgotten`. */
void spans_index_forget(struct span_pool *pool);
/* Lists all free runs of all zones of `pool`.  Used only after damage; it takes
 * longer when there are more zones. */
void spans_index_rebuild(struct span_pool *pool);

/* The list of a run with this length. */
static inline uint32_t run_class(uint32_t length)
{
    return length < RUN_CLASSES ? length : RUN_CLASSES;
}

/* Puts a free run at the head of its list. */
static inline void spans_index_insert(struct span_pool *pool,
                                      struct free_run *run, uint32_t length)
{
    uint32_t class = run_class(length);
    struct free_run *next = pool->runs[class];

    ASSERT(length > 0);
    run->previous = NULL;
    run->next = next;
    if (next)
        next->previous = run;
    pool->runs[class] = run;
    pool->run_classes |= 1u << (class - 1);
}

/* Whether `link` leads into a zone of this pool, so that it may be read. */
static inline bool spans_is_link(const struct span_pool *pool,
                                 const struct free_run *link)
{
    uintptr_t address = (uintptr_t)link;

    return address % HEAP_ALIGNMENT == 0 &&
           (spans_page_mark(address) ^ pool->mark) <= PAGE_INDEX_MASK;
}

/* Removes a free run from its list; drops all lists if a link is damaged. */
static inline void spans_index_remove(struct span_pool *pool,
                                      struct free_run *run, uint32_t length)
{
    uint32_t class = run_class(length);
    struct free_run *previous = run->previous, *next = run->next;

    if (next && (!spans_is_link(pool, next) || next->previous != run)) {
        spans_index_forget(pool);
        return;
    }
    if (!previous && pool->runs[class] == run) {
        pool->runs[class] = next;
        if (!next)
            pool->run_classes &= ~(1u << (class - 1));
    } else if (previous && spans_is_link(pool, previous) &&
               previous->next == run) {
        previous->next = next;
    } else {
        spans_index_forget(pool);
        return;
    }
    if (next)
        next->previous = previous;
}

/* Removes the first run of a list, which is not empty, and returns it. */
static inline struct free_run *index_pop(struct span_pool *pool, uint32_t class)
{
    struct free_run *run, *next;

    ASSERT(pool->runs[class] != NULL);
    run = pool->runs[class];
    next = run->next;
    if (!next) {
        pool->runs[class] = NULL;
        pool->run_classes &= ~(1u << (class - 1));
    } else if (spans_is_link(pool, next) && next->previous == run) {
        pool->runs[class] = next;
        next->previous = NULL;
    } else {
        spans_index_forget(pool);
    }
    return run;
}

/* The class of the shortest runs that have `length` granules or more; 0 if
 * there are none. */
static inline uint32_t spans_index_find(const struct span_pool *pool,
                                        uint32_t length)
{
    uint32_t classes = pool->run_classes >> (length - 1);

    ASSERT_BELOW(length - 1, RUN_CLASSES);
    return classes ? length + lowest_bit(classes) : 0;
}

#endif
