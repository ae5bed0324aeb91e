/* SPDX-License-Identifier: MIT */
/* Checks the heap before and after each call of the kmalloc layer, so that a
 * debugger finds the first damage (gdb's `mallow first`).
 *
 *         call 511             call 512
 *     ... [......] ........... [......] ...
 *         ^      ^             ^      ^
 *         check  check         check  check
 *
 * W1: if one check passes and the next one fails, the damage happened between
 *     them: in the allocator if a call is between them, else in other code.
 *
 * The kernel never turns this on: the debugger writes `first` and `every` when
 * the machine has just started.  It counts the calls that the log counts.
 */
#ifndef MM_HEAP_HEAP_WATCH_H
#define MM_HEAP_HEAP_WATCH_H

#include "lib/violation.h"

#include <stdbool.h>
#include <stdint.h>

/* A moment for a check: before a call, or after it. */
struct heap_moment {
    uint32_t call;
    bool after;
};

struct heap_watch {
    uint32_t first; /* the first call to be checked */
    uint32_t every; /* then each n-th call; 0: the watch is off */
    uint32_t checks;
    struct heap_moment sound, now; /* of the last sound check; of this check */
    struct violation violation;    /* the result of the check at `now` */
};

extern struct heap_watch heap_watch;

/* Checks the heap, if a check is due at this moment. */
void heap_watch_at(struct heap_moment moment);
/* Called when a check fails for the first time; gdb stops here.  The watch is
 * off then. */
void heap_watch_broken(void);

/* To be called before the call with this number. */
static inline void heap_watch_before(uint32_t call)
{
    if (heap_watch.every)
        heap_watch_at((struct heap_moment){ call, false });
}

/* To be called after the call with this number. */
static inline void heap_watch_after(uint32_t call)
{
    if (heap_watch.every)
        heap_watch_at((struct heap_moment){ call, true });
}

#endif
