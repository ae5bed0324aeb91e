/* SPDX-License-Identifier: MIT */
/* One run of a trace, as far as it has come. */
#ifndef REPLAY_RUNNING_H
#define REPLAY_RUNNING_H

#include "replay/result.h"
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

#endif
