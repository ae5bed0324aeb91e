/* SPDX-License-Identifier: MIT */
/* Replay: a trace goes through kmalloc, krealloc and kfree, and every answer is
 * checked.
 *
 *     trace --survey--> valid? peak?                 refused
 *       |
 *       +--run, full heap--> every payload filled, verified, and held
 *       |                    against a record of our own  -> verdict
 *       +--run, smaller heaps, by bisection -> footprint
 *
 * R1: every block is inside the heap, be it the part that is always there
 *     or the window into which it grows, is aligned to HEAP_ALIGNMENT and
 *     shares no granule with another live block.
 * R2: every payload keeps its contents until its kfree; krealloc keeps them up
 *     to the smaller size, and all of them when it fails.
 * R3: kfree takes every live block back.
 * R4: NULL comes only where the trace's peak does not fit the heap, or where
 *     the allocator in force is known to run out.
 *
 * The first violation of R1 to R3 ends that trace.  After a NULL the replay
 * continues with the other ids, and skips all operations on the missing block.
 *
 * Each run starts from an empty heap, so that no figure depends on earlier
 * runs, and leaves an empty heap: all earlier blocks are gone.
 *
 * Footprint: the smallest heap in which the trace completes, all bookkeeping
 * counted, exact to replay_footprint_step(), and to a page if the heap has
 * grown.  Bisection assumes that a trace which completes in a heap completes in
 * every larger one.  That may be false for single sizes; the answer is then a
 * size that is enough, with a size below it that is not.
 */
#ifndef REPLAY_REPLAY_H
#define REPLAY_REPLAY_H

#include "replay/result.h"

/* Memory that replay works in; it never allocates. */
struct replay_memory {
    void *begin; /* aligned to 8 */
    size_t bytes;
};

/* The most memory that a replay of one of these files can need beside a heap of
 * `heap_bytes`, window included.  The size of a file bounds it: a file whose
 * header claims more is refused later. */
size_t replay_memory_needed(const struct trace_file *files, size_t count,
                            size_t heap_bytes);
/* Hands over the memory; once, before anything is replayed. */
void replay_init(struct replay_memory given);

/* Replays one trace. */
void replay_run(const struct replay_env *env, const struct trace_file *file,
                struct replay_result *result);
/* Replays all of them, with the table on the console and the records.
 * Returns how many went wrong: failed, refused, not written. */
uint32_t replay_all(const struct replay_env *env,
                    const struct trace_file *files, size_t count);

#endif
