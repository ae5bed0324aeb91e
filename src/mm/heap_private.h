/* SPDX-License-Identifier: MIT */
/* What the front door keeps, for heap.c, which moves it, and heap_look.c,
 * which only looks. */
#ifndef MM_HEAP_PRIVATE_H
#define MM_HEAP_PRIVATE_H

#include "mm/heap.h"

struct front_door {
    struct heap_stats stats; /* its usage.peak_bytes is that of two backends */
    const struct heap_backend *large; /* never NULL */
    const struct heap_backend *small; /* NULL before stage zalloc */
    /* The backends' own counters, which they change as they go. */
    const struct heap_usage *large_usage, *small_usage;
    size_t lent_bytes, lent_blocks; /* from the large one to the small one */
    bool not_written;
};

extern struct front_door door;

/* What callers hold: the large backend counts what it lent as used, although
 * of that only the small one's entries are. */
static inline size_t callers_bytes(void)
{
    return door.large_usage->used_bytes - door.lent_bytes +
           door.small_usage->used_bytes;
}

#endif
