/* SPDX-License-Identifier: MIT */
/* The functions that the kmalloc layer uses while poison is on. */
#ifndef MM_HEAP_HEAP_POISON_PRIVATE_H
#define MM_HEAP_HEAP_POISON_PRIVATE_H

#include "mm/heap/heap.h"

/* A new heap: with poison if that was asked for and calls are logged. */
void heap_poison_start(bool logged);
/* As kmalloc_aligned(): `alignment` is a power of two, HEAP_ALIGNMENT or more.
 */
void *poison_alloc(size_t bytes, size_t alignment, uintptr_t caller);
/* As kfree(), of what poison_alloc() gave.  Panics, naming the byte and who
 * allocated and freed the block, if a red zone or a freed byte is damaged. */
enum heap_error poison_free(void *payload, uintptr_t caller);
/* As kmalloc_size(). */
size_t poison_size(const void *payload);

#endif
