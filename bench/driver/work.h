/* SPDX-License-Identifier: MIT */
/* A list of operations, as bench/workloads.py writes it, and the run of it on
 * a subject: each payload is filled, and verified before it is given back. */
#ifndef BENCH_WORK_H
#define BENCH_WORK_H

#include "bench/driver/subject.h"

enum op_kind {
    OP_ALLOC,
    OP_RESIZE,
    OP_FREE,
    OP_FREE_NULL
};

struct op {
    uint32_t kind; /* enum op_kind */
    uint32_t id;
    uint32_t bytes;
};

/* The cost of one operation: instructions, and these flags.  0: left out,
 * because the allocation that it would free has failed. */
#define COST_FAILED    0x80000000u /* answered with NULL */
#define COST_RECLAIMED 0x40000000u /* emptied caches first */
#define COST_MOVED     0x20000000u /* a resize that changed the address */
#define COST_BITS      0x1FFFFFFFu

struct work {
    const struct op *ops;
    uint32_t count;
    uint32_t ids;
    void **payload;  /* of each id; NULL: not live */
    uint32_t *bytes; /* its size */
};

/* Reads a file; panics if it is none of bench.py's. */
struct work work_load(const char *path);
/* Room for the ids of operations that are made up on the way. */
struct work work_make(struct op *ops, uint32_t count, uint32_t ids);
/* Forgets what is live, without a word to the allocator. */
void work_forget(struct work *work);

/* Finds out what counting adds; to be called once, first. */
void work_calibrate(void);
/* The cost of call_counted() itself; 0 without a counter. */
uint32_t work_overhead(void);
/* One operation and its cost.  Panics if a payload was damaged. */
uint32_t work_step(struct work *work, const struct subject *subject,
                   uint32_t number);

#endif
