/* SPDX-License-Identifier: MIT */
/* malloc once more, in armour: nothing that it believes lies beside payload,
 * every call takes a bounded number of steps, and a bad free is named. */
#ifndef MM_ARMOUR_ARMOUR_H
#define MM_ARMOUR_ARMOUR_H

#include "mm/heap/heap.h"

/* Starts with all of [begin, end) free, rounded inward to HEAP_ALIGNMENT; the
 * bookkeeping takes its place at the low end.  May be called again at any
 * time; what was allocated before is forgotten.  A region too small for the
 * bookkeeping makes a heap that is full from the start. */
enum stage_state armour_init(uintptr_t begin, uintptr_t end);

/* See struct heap_backend for what these promise. */
void *armour_alloc(size_t bytes, size_t alignment);
enum heap_error armour_free(void *payload);
bool armour_resize(void *payload, size_t bytes);
size_t armour_size(const void *payload);
bool armour_owns(const void *payload);
bool armour_walk(block_visitor visit, void *context);

/* kmalloc, kfree and krealloc while armour_backend, or one that is built on it,
 * stands alone behind the kmalloc layer. */
extern const struct heap_calls armour_calls;

/* Releases what is kept ready by size; whether there was anything. */
bool armour_reclaim(void);

/* The first invariant of the armour_*.h files that does not hold. */
struct violation armour_check(void);

extern const struct heap_backend armour_backend;

#endif
