/* SPDX-License-Identifier: MIT */
/* The working type of spans.c, and attributes of its functions; for that file
 * only. */
#ifndef MM_SPANS_SPANS_CALLS_H
#define MM_SPANS_SPANS_CALLS_H

#include "mm/spans/spans.h"
#include "mm/spans/spans_runs.h"

/* Consecutive granules: a span, or granules that become or were one. */
struct granules {
    struct span_pool *pool;
    struct span_zone *zone;
    uintptr_t address;
    uint32_t index, length;
};

/* HOT functions run in every call, COLD ones in few calls.  The attributes save
 * a fifth of the instructions of a call, because i386 has few registers. */
#define HOT  static inline __attribute__((always_inline))
#define COLD static __attribute__((noinline))

COLD bool spans_zone_create(struct span_pool *pool);
COLD void zone_retire(struct span_pool *pool, struct span_zone *zone);
HOT void spans_run_take(struct granules wanted, uint32_t run_length,
                        bool has_head);
HOT void run_give(struct granules given);
HOT enum heap_error span_find(const void *payload, struct granules *span);

#undef HOT
#undef COLD

#endif
