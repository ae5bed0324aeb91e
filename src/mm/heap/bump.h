/* SPDX-License-Identifier: MIT */
/* The first heap: a pointer that only moves up. */
#ifndef MM_HEAP_BUMP_H
#define MM_HEAP_BUMP_H

#include "mm/heap/heap.h"

/* Starts with all of [begin, end) free, rounded inward to HEAP_ALIGNMENT.  May
 * be called again at any time; all blocks are gone then.  A region too small
 * for one block makes a heap that is full from the start. */
enum stage_state bump_init(uintptr_t begin, uintptr_t end);

/* A payload of at least `bytes` bytes at `alignment` (a power of two); NULL,
 * and nothing changed, when the rest of the region is too small. */
void *bump_alloc(size_t bytes, size_t alignment);
/* Marks the block as freed.  Its memory does not come back. */
enum heap_error bump_free(void *payload);
/* Whether the block already holds `bytes` bytes; it is never made larger. */
bool bump_resize(void *payload, size_t bytes);
/* Bytes that the caller may use; 0 if `payload` is not a block in use. */
size_t bump_size(const void *payload);
/* Whether `payload` is inside the region. */
bool bump_owns(const void *payload);
/* Visits every block, also padding; false if the walk was ended early. */
bool bump_walk(block_visitor visit, void *context);

/* The first invariant of bump.c that does not hold. */
struct violation bump_check(void);

extern const struct heap_backend bump_backend;

#endif
