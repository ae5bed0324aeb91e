/* SPDX-License-Identifier: MIT */
/* Checks the heap before and after each call of the kmalloc layer, so that a
 * debugger finds the first damage (gdb's `mallow first`).
 *
 *         call 511             call 512
 *     ... [......] ........... [......] ...
 *         ^      ^             ^      ^
 *         check  check         check  check
 *
 * W1: what two neighbouring checks disagree about has come between them: from
 *     the allocator itself, if a call lies between, else from whoever ran.
 *
 * Nothing in the kernel turns this on: the debugger writes `first` and `every`
 * when the machine has just started.  The calls are those that the log sees,
 * and have the log's numbers.
 */
#ifndef MM_HEAP_HEAP_WATCH_H
#define MM_HEAP_HEAP_WATCH_H

#include "lib/violation.h"

#include <stdbool.h>
#include <stdint.h>

/* A check: before a call, or after it. */
struct heap_moment {
    uint32_t call;
    bool after;
};

struct heap_watch {
    uint32_t first; /* the first call to be looked at */
    uint32_t every; /* how many calls later the next one; 0: none at all */
    uint32_t checks;
    struct heap_moment sound, now; /* the last that was; the one at work */
    struct violation violation;    /* what the check at `now` has found */
};

extern struct heap_watch heap_watch;

/* A check at a moment, if it is one of those. */
void heap_watch_at(struct heap_moment moment);
/* Where gdb stops: the heap is damaged for the first time.  The watch is off
 * by then. */
void heap_watch_broken(void);

/* To be called around a call with this number. */
static inline void heap_watch_before(uint32_t call)
{
    if (heap_watch.every)
        heap_watch_at((struct heap_moment){ call, false });
}

static inline void heap_watch_after(uint32_t call)
{
    if (heap_watch.every)
        heap_watch_at((struct heap_moment){ call, true });
}

#endif
