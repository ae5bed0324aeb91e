/* SPDX-License-Identifier: MIT */
/* An allocator that is measured.  A program has one of subject_*.c. */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H

#include "bench/driver/count.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct subject {
    const char *name;
    /* Begins anew with an empty heap in [begin, end); false if that is too
     * small.  NULL: an allocator that lives once, where it likes. */
    bool (*start)(uintptr_t begin, uintptr_t end);
    /* The three calls, to be made by call_counted(). */
    callee alloc, resize, free;
    /* Whether the allocator's own check finds nothing wrong; or NULL. */
    bool (*sound)(void);
    /* How often caches were emptied so that a request need not fail; or
     * NULL.  A call that did so is counted apart. */
    uint32_t (*reclaims)(void);
};

/* NULL, and the right names printed, if there is none of that name. */
const struct subject *subject_find(const char *name);

#endif
