/* SPDX-License-Identifier: MIT */
/* The input and the result of a replay; replay.h has the rules. */
#ifndef REPLAY_RESULT_H
#define REPLAY_RESULT_H

#include "replay/picture.h"
#include "replay/survey.h"
#include "replay/trace.h"

/* How instructions are counted.  `now` counts up; two calls in a row are
 * `overhead_ticks` apart.  Where the machine does not count exactly, figures
 * would be noise, and none are shown. */
struct op_counter {
    uint64_t (*now)(void);
    uint32_t ticks_per_instruction;
    uint32_t overhead_ticks;
    bool exact;
};

struct replay_env {
    const char *stage; /* for the table: "malloc" */
    uintptr_t heap_begin;
    size_t heap_bytes; /* of the full heap; both multiples of 8 */
    /* Where it grows to, and the memory that there is for that.  No bytes: it
     * does not grow. */
    uintptr_t window_begin;
    size_t window_bytes;
    /* Starts the current allocators with an empty heap of `bytes` bytes: from
     * heap_begin on, and in the window above heap_bytes.  False if they need
     * more bytes to start. */
    bool (*restart)(size_t bytes);
    bool may_run_out; /* NULL is right at any time: bump never frees */
    bool quick;       /* no bisection: high water instead of footprint */
    bool history;     /* a record for each block that comes or goes */
    const struct op_counter *counter; /* NULL: nothing is counted */
    void (*record)(const char *line); /* for programs; or NULL */
    struct picture *picture;          /* NULL: nothing is drawn */
};

enum replay_verdict {
    REPLAY_OK,
    REPLAY_OUT_OF_MEMORY, /* and rightly so */
    REPLAY_FAILED,        /* R1 to R4 broken: reason */
    REPLAY_REFUSED,       /* the trace is malformed: reason */
    REPLAY_NOT_WRITTEN,   /* a function of the stage is not written */
};

enum call_kind {
    CALL_MALLOC,
    CALL_FREE,
    CALL_REALLOC,
    CALL_KINDS
};

/* Calls of one kind, in ticks of the counter. */
struct call_figures {
    uint32_t count;
    uint64_t sum_ticks;
    uint64_t worst_ticks;
};

struct replay_result {
    enum replay_verdict verdict;
    char reason[TRACE_REASON_BYTES]; /* "NAME:LINE: ..."; "" when ok */
    uint32_t line;       /* of the trace, that the reason is about; or 0 */
    uint32_t operations; /* done */
    uint32_t failures;   /* calls answered with NULL */
    uint32_t done_before_failure; /* operations before the first of them */
    uint32_t skipped;             /* operations on blocks that are missing */
    struct survey survey;         /* peak of the trace */
    size_t high_water_bytes;      /* end of the highest payload in the heap */
    size_t footprint_bytes;       /* 0: not looked for */
    struct call_figures calls[CALL_KINDS];
};

#define REPLAY_VERDICTS (REPLAY_NOT_WRITTEN + 1)

/* Of all traces that were replayed. */
struct replay_totals {
    uint32_t traces;
    uint32_t wrong;
    uint32_t verdicts[REPLAY_VERDICTS];
};

bool replay_is_wrong(const struct replay_result *result);
/* The error of a footprint, for a trace with this peak. */
size_t replay_footprint_step(uint64_t peak_bytes);
const char *replay_verdict_text(enum replay_verdict verdict);

/* The whole heap, with all its possible growth. */
static inline size_t replay_all_bytes(const struct replay_env *env)
{
    return env->heap_bytes + env->window_bytes;
}

/* The distance of an address from the heap's begin; the window counts as if it
 * followed the static part. */
static inline size_t replay_offset(const struct replay_env *env,
                                   uintptr_t address)
{
    if (address - env->window_begin < env->window_bytes)
        return env->heap_bytes + (address - env->window_begin);
    return address - env->heap_begin;
}

#endif
