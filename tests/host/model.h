/* SPDX-License-Identifier: MIT */
/* A heap as a caller may think of it, to run a real one against.
 *
 * The model knows nothing but what it was promised: that a block is its own,
 * aligned, large enough, inside the heap, and holds what was written.  It
 * allocates, frees and resizes at random, stamps every byte it got, and after
 * every step asks the heap's checker and compares the heap's walk with its own
 * list.
 */
#ifndef TESTS_HOST_MODEL_H
#define TESTS_HOST_MODEL_H

#include "mm/heap/heap.h"

struct model {
    const struct heap_backend *backend;
    /* Empties the heap before each run. */
    void (*start)(void);
    /* As krealloc, which may move; NULL: resize in place only. */
    void *(*reallocate)(void *payload, size_t bytes);
    uintptr_t begin, end;     /* where payloads may be */
    size_t largest_request;   /* bytes */
    size_t largest_alignment; /* a power of two; above 8 it is used at times */
    size_t steps;
};

/* Runs `model` with a sixth of `seeds`, with all if the environment has
 * MALLOW_LONG, or with MALLOW_SEED alone if it has that.  Fails the test with
 * the seed and the step. */
void model_run(const struct model *model, unsigned seeds);

/* All that a walk reports, to compare before and after. */
#define SNAPSHOT_BLOCKS 32768u

struct snapshot {
    size_t count;
    struct block blocks[SNAPSHOT_BLOCKS];
};

void snapshot_take(const struct heap_backend *backend,
                   struct snapshot *snapshot);
bool snapshot_equal(const struct snapshot *a, const struct snapshot *b);

/* Fails unless `backend` answers `call` with NULL and nothing changes. */
void expect_no_room(const struct heap_backend *backend, size_t bytes,
                    size_t alignment);
/* Fails unless a free of `payload` is refused as `error`, nothing changes, the
 * checker is content and the size of the block is 0. */
void expect_refused(const struct heap_backend *backend, void *payload,
                    enum heap_error error);
/* Fails unless the checker names an invariant that starts with `name`. */
void expect_violation(const struct heap_backend *backend, const char *name);

#endif
