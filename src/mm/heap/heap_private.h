/* SPDX-License-Identifier: MIT */
/* The state of the kmalloc layer.  heap.c starts it, heap_calls.c counts in it,
 * heap_look.c only reads it. */
#ifndef MM_HEAP_HEAP_PRIVATE_H
#define MM_HEAP_HEAP_PRIVATE_H

#include "mm/heap/heap.h"

/* The return address of the current function: it is in the caller. */
#define CALLER ((uintptr_t)__builtin_return_address(0))

/* For rare cases: if they were inlined, the common case would lose registers.
 */
#define OUT_OF_THE_WAY __attribute__((noinline, cold))

struct kmalloc_layer {
    struct heap_calls calls;
    struct heap_stats stats; /* its usage.peak_bytes is that of two backends */
    const struct heap_backend *large; /* never NULL */
    const struct heap_backend *small; /* NULL where one backend serves all */
    /* The backends' own counters, which the backends update. */
    const struct heap_usage *large_usage, *small_usage;
    size_t lent_bytes, lent_blocks; /* from the large one to the small one */
    const void *lent_map;           /* the one that it keeps; NULL: none */
    bool not_written;
};

extern struct kmalloc_layer kmalloc_layer;

/* kmalloc, kfree and krealloc for any backend. */
void *plain_kmalloc(size_t bytes);
enum heap_error plain_kfree(void *payload);
void *plain_krealloc(void *payload, size_t bytes);
/* kmalloc_aligned, as plain_kmalloc is kmalloc. */
void *plain_kmalloc_aligned(size_t bytes, size_t alignment);
/* The same; they also write each call into the log. */
void *logged_kmalloc(size_t bytes);
enum heap_error logged_kfree(void *payload);
void *logged_krealloc(void *payload, size_t bytes);

/* Chooses the functions that kmalloc() and the others jump to.  To be called
 * after a backend or the log has changed. */
void heap_choose_calls(void);

/* Counts an allocation whose backend answered NULL or NOT_WRITTEN.  Returns
 * NULL. */
void *heap_no_payload(const void *answer);

/* -- Choosing a backend -----------------------------------------------------
 */

/* Bytes that callers hold.  The large backend counts lent memory as used, but
 * of that memory callers hold only the small backend's entries. */
static inline size_t callers_bytes(void)
{
    return kmalloc_layer.large_usage->used_bytes - kmalloc_layer.lent_bytes +
           kmalloc_layer.small_usage->used_bytes;
}

/* The backend that serves a request.  It depends on the request alone. */
static inline const struct heap_backend *backend_for(size_t bytes,
                                                     size_t alignment)
{
    /* Without a small backend its limit is 0, and no request is that small. */
    if (bytes <= kmalloc_layer.stats.small_limit && alignment <= HEAP_ALIGNMENT)
        return kmalloc_layer.small;
    return kmalloc_layer.large;
}

/* The backend that owns the address `payload`. */
static inline const struct heap_backend *backend_of(const void *payload)
{
    if (kmalloc_layer.small && kmalloc_layer.small->owns(payload))
        return kmalloc_layer.small;
    return kmalloc_layer.large;
}

#endif
