/* SPDX-License-Identifier: MIT */
/* What the kmalloc layer keeps, for heap.c, which opens it, heap_calls.c, which
 * moves what is in it, and heap_look.c, which only looks. */
#ifndef MM_HEAP_HEAP_PRIVATE_H
#define MM_HEAP_HEAP_PRIVATE_H

#include "mm/heap/heap.h"

/* Who has called the function that this is written in. */
#define CALLER ((uintptr_t)__builtin_return_address(0))

/* Inlined, a rare way would cost the common one the registers it needs. */
#define OUT_OF_THE_WAY __attribute__((noinline, cold))

struct kmalloc_layer {
    struct heap_calls calls;
    struct heap_stats stats; /* its usage.peak_bytes is that of two backends */
    const struct heap_backend *large; /* never NULL */
    const struct heap_backend *small; /* NULL before stage zalloc */
    /* The backends' own counters, which they change as they go. */
    const struct heap_usage *large_usage, *small_usage;
    size_t lent_bytes, lent_blocks; /* from the large one to the small one */
    bool not_written;
};

extern struct kmalloc_layer kmalloc_layer;

/* kmalloc, kfree and krealloc for any backend. */
void *plain_kmalloc(size_t bytes);
enum heap_error plain_kfree(void *payload);
void *plain_krealloc(void *payload, size_t bytes);
/* The same, and each call is written into the log. */
void *logged_kmalloc(size_t bytes);
enum heap_error logged_kfree(void *payload);
void *logged_krealloc(void *payload, size_t bytes);

/* Takes the calls that are right for the backends and the log.  To be called
 * when one of these has changed. */
void heap_choose_calls(void);

/* -- For a backend with calls of its own ---------------------------------- */

/* An allocation that ends with NULL or NOT_WRITTEN; returns NULL. */
void *heap_no_payload(const void *answer);
/* A free that ends with `error`, of which it tells the user. */
enum heap_error heap_not_freed(const char *call, const void *payload,
                               enum heap_error error, uintptr_t caller);
/* krealloc of what cannot stay where it is: moved, or refused if it is no
 * block. */
void *heap_resize_elsewhere(void *payload, size_t bytes, uintptr_t caller);

/* -- Who serves -------------------------------------------------------------
 */

/* What callers hold: the large backend counts what it lent as used, although
 * of that only the small one's entries are. */
static inline size_t callers_bytes(void)
{
    return kmalloc_layer.large_usage->used_bytes - kmalloc_layer.lent_bytes +
           kmalloc_layer.small_usage->used_bytes;
}

/* Who serves a request.  Nothing that is free or used at the moment comes into
 * it. */
static inline const struct heap_backend *backend_for(size_t bytes,
                                                     size_t alignment)
{
    /* Without a small backend its limit is 0, and no request is that small. */
    if (bytes <= kmalloc_layer.stats.small_limit && alignment <= HEAP_ALIGNMENT)
        return kmalloc_layer.small;
    return kmalloc_layer.large;
}

static inline const struct heap_backend *backend_of(const void *payload)
{
    if (kmalloc_layer.small && kmalloc_layer.small->owns(payload))
        return kmalloc_layer.small;
    return kmalloc_layer.large;
}

#endif
