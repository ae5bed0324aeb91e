/* SPDX-License-Identifier: MIT */
/* One run of a trace in a heap of one size. */
#ifndef REPLAY_RUN_H
#define REPLAY_RUN_H

#include "replay/replay.h"
#include "replay/shadow.h"

struct run {
    const struct replay_env *env;
    const struct trace_file *file;
    struct id_table *ids;
    struct shadow *shadow; /* empty, of the heap in force */
    size_t heap_bytes;     /* of the heap in force */
    struct replay_result *result;
    /* A probe only asks whether the trace completes: payloads are not filled,
     * nothing is drawn, and it ends at the first NULL. */
    bool probe;

    struct trace trace;
    struct trace_op op; /* the one at work */
    uint64_t live_bytes;
};

/* The trace has passed its survey, the heap is empty.  Fills in the result's
 * verdict (OK, OUT_OF_MEMORY if there was any NULL, FAILED or NOT_WRITTEN),
 * reason, counts, figures and high water. */
void run_trace(struct run *run);

#endif
