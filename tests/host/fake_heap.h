/* SPDX-License-Identifier: MIT */
/* An allocator that is wrong on purpose, to see whether replay notices.
 *
 * A first fit with all its bookkeeping elsewhere, so that a footprint can be
 * told in advance; the real kmalloc layer calls it.  `fake_fault` says
 * what is wrong with it.  Heap, traces and replay's memory are malloc'ed
 * exactly, so the sanitizer sees replay touch anything it was not given.
 */
#ifndef TESTS_HOST_FAKE_HEAP_H
#define TESTS_HOST_FAKE_HEAP_H

#include "replay/replay.h"

#define FAKE_HEAP_BYTES    65536u
#define FAKE_HEAP_SMALLEST 64u /* does not start on less */

/* "Faulty" is the third call of that kind in a run. */
enum fake_fault {
    NO_FAULT,
    ALLOC_OVERLAPS,
    ALLOC_MISALIGNED,
    ALLOC_BEFORE_HEAP,
    ALLOC_BEYOND_HEAP,
    ALLOC_STOMPS,
    ALLOC_RUNS_OUT,
    ALLOC_IGNORES_END,
    ALLOC_NOT_WRITTEN,
    FREE_STOMPS,
    FREE_REFUSES,
    FREE_FORGETS,
    FREE_NOT_WRITTEN,
    RESIZE_LIES,
    RESIZE_CLEARS,
    RESIZE_FAILS_AND_CLEARS,
    SIZE_TOO_SMALL,
    SIZE_TOO_SMALL_ONCE,
};

extern enum fake_fault fake_fault;
/* Advances by 80 a kmalloc, 8 a kfree, 800 a resize, 24 a look at it. */
uint64_t fake_clock(void);
/* How often replay has asked for an empty heap. */
extern unsigned fake_restarts;

/* An environment around this allocator, in a full heap. */
struct replay_env fake_env(void);
/* A trace named "t.rep". */
struct trace_file fake_trace(const char *text);
/* Gives replay exactly the memory that it asks for. */
void fake_memory(const struct trace_file *files, size_t count);
/* Frees all that the functions above have allocated. */
void fake_forget(void);

#endif
