/* SPDX-License-Identifier: MIT */
/* Where a free run of at least n granules is, without a search.
 *
 *     run_classes   ...0 1 0 0 1 1
 *                        |     | |
 *     runs[5] -----------+     | +--- runs[1] --> run <--> run
 *        |                     |
 *        +--> run              +----- runs[2] --> run <--> run <--> run
 *
 * A free run is in one list, by its length, and its links stand in its first
 * granule.  The lowest bit set at n or above is the best fit.
 *
 * The maps are the truth and the lists are hints.  A granule that is free can
 * be written by whoever kept a pointer into it, so before a link is followed
 * it has to lead into a zone of the same pool, to a run that links back.  If it
 * does not, all lists of the pool are forgotten, and made anew from the maps
 * before the call ends: a damaged hint costs time, never memory.
 */
#ifndef MM_SPANS_SPANS_RUNS_H
#define MM_SPANS_SPANS_RUNS_H

#include "mm/spans/spans_zone.h"

/* Drops all lists of `pool`, and sets `forgotten`. */
void spans_index_forget(struct span_pool *pool);
/* Lists all free runs of all zones of `pool`.  The one operation here that
 * takes longer the more zones there are; only after damage. */
void spans_index_rebuild(struct span_pool *pool);

static inline uint32_t run_class(uint32_t length)
{
    return length < RUN_CLASSES ? length : RUN_CLASSES;
}

static inline void spans_index_insert(struct span_pool *pool,
                                      struct free_run *run, uint32_t length)
{
    uint32_t class = run_class(length);
    struct free_run *next = pool->runs[class];

    run->previous = NULL;
    run->next = next;
    if (next)
        next->previous = run;
    pool->runs[class] = run;
    pool->run_classes |= 1u << (class - 1);
}

/* Whether `link` may be read as a free run's. */
static inline bool spans_is_link(const struct span_pool *pool,
                                 const struct free_run *link)
{
    uintptr_t address = (uintptr_t)link;

    return address % HEAP_ALIGNMENT == 0 &&
           (spans_page_mark(address) ^ pool->mark) <= PAGE_INDEX_MASK;
}

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

/* Takes the first run out of its list, which is not empty. */
static inline struct free_run *index_pop(struct span_pool *pool, uint32_t class)
{
    struct free_run *run = pool->runs[class], *next = run->next;

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

    return classes ? length + (uint32_t)__builtin_ctz(classes) : 0;
}

#endif
