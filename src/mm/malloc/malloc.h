/* SPDX-License-Identifier: MIT */
/* The linked-list allocator: blocks that split and coalesce. */
#ifndef MM_MALLOC_MALLOC_H
#define MM_MALLOC_MALLOC_H

#include "mm/heap/heap.h"

/* Starts with all of [begin, end) as one free block, rounded inward to
 * HEAP_ALIGNMENT.  May be called again at any time; all blocks are gone then.
 * A region too small for one block makes a heap that is full from the start. */
enum stage_state malloc_init(uintptr_t begin, uintptr_t end);

/* Payload for `bytes` bytes at `alignment` (a power of two), or NULL, and
 * nothing changed, when no free block is large enough. */
void *malloc_alloc(size_t bytes, size_t alignment);
/* Frees a block.  On any error nothing changes. */
enum heap_error malloc_free(void *payload);
/* Makes the block hold `bytes` bytes in place: frees its end, or takes memory
 * from a free block after it.  False, and nothing changed, if that is not
 * enough or `payload` is not a block in use. */
bool malloc_resize(void *payload, size_t bytes);
/* Bytes that may be used at `payload`; 0 if it is not a block in use. */
size_t malloc_size(const void *payload);
/* Whether `payload` is inside the heap. */
bool malloc_owns(const void *payload);
/* Visits every block by address; false if the visitor, or a length that leads
 * out of the heap, ended the walk. */
bool malloc_walk(block_visitor visit, void *context);

/* The first invariant of malloc.c that does not hold. */
struct violation malloc_check(void);

extern const struct heap_backend malloc_backend;

#endif
