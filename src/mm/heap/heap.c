/* SPDX-License-Identifier: MIT */
/* The kmalloc layer chooses a backend and keeps count.
 *
 *     kmalloc(bytes)                         kfree(payload)
 *       |                                      |
 *       | bytes > HEAP_REQUEST_MAX: NULL       | NULL: nothing
 *       v                                      v
 *     bytes <= small_limit                   small owns the address
 *       yes --> small    no --> large          yes --> small   no --> large
 *
 * The two choices need not agree: a large block that was made smaller in place
 * stays in the large backend, and kfree() finds it there.
 *
 * kmalloc(), kfree() and krealloc() only jump to the current functions:
 *
 *     the log is on               the logged functions of heap_calls.c
 *     only one backend, which     the backend's own: one function does the work
 *     has calls of its own        of the kmalloc layer and of the backend
 *     otherwise                   the plain functions of heap_calls.c
 */
#include "mm/heap/heap.h"

#include "lib/panic.h"
#include "lib/string.h"
#include "mm/heap/heap_log.h"
#include "mm/heap/heap_poison.h"
#include "mm/heap/heap_poison_private.h"
#include "mm/heap/heap_private.h"

static const struct heap_usage no_usage;

/* A request before heap_start(): out of memory. */
static void *no_backend_alloc(size_t bytes, size_t alignment)
{
    (void)bytes, (void)alignment;
    return NULL;
}

/* A free before heap_start(): no address is a block. */
static enum heap_error no_backend_free(void *payload)
{
    (void)payload;
    return HEAP_FOREIGN;
}

/* A resize before heap_start(): not possible. */
static bool no_backend_resize(void *payload, size_t bytes)
{
    (void)payload, (void)bytes;
    return false;
}

/* A size before heap_start(): not a block. */
static size_t no_backend_size(const void *payload)
{
    (void)payload;
    return 0;
}

/* The backend before heap_start(): it has no memory and no blocks. */
static const struct heap_backend no_backend = {
    .name = "none",
    .alloc = no_backend_alloc,
    .free = no_backend_free,
    .resize = no_backend_resize,
    .size = no_backend_size,
};

struct kmalloc_layer kmalloc_layer = {
    .calls = { plain_kmalloc, plain_kfree, plain_krealloc },
    .large = &no_backend,
    .large_usage = &no_usage,
    .small_usage = &no_usage,
};

void heap_choose_calls(void)
{
    static const struct heap_calls plain = { plain_kmalloc, plain_kfree,
                                             plain_krealloc };
    static const struct heap_calls logged = { logged_kmalloc, logged_kfree,
                                              logged_krealloc };

    if (heap_log.on || heap_poison_on())
        kmalloc_layer.calls = logged;
    else if (kmalloc_layer.large->calls && !kmalloc_layer.small)
        kmalloc_layer.calls = *kmalloc_layer.large->calls;
    else
        kmalloc_layer.calls = plain;
}

bool heap_log_use(bool on)
{
    bool before = heap_log.on;

    heap_log.on = on;
    heap_choose_calls();
    return before;
}

void heap_start(uintptr_t begin, uintptr_t end,
                const struct heap_backend *backend)
{
    ASSERT_BELOW(begin, end + 1);
    ASSERT(backend->name != NULL);
    ASSERT(backend->alloc && backend->free && backend->resize);
    ASSERT(backend->size && backend->owns);
    memset(&kmalloc_layer, 0, sizeof kmalloc_layer);
    kmalloc_layer.large = backend;
    kmalloc_layer.large_usage = backend->usage ? backend->usage : &no_usage;
    kmalloc_layer.small_usage = &no_usage;
    kmalloc_layer.stats.begin = begin;
    kmalloc_layer.stats.end = end;
    kmalloc_layer.stats.large = backend->name;
    if (heap_log.on)
        heap_log_add((struct heap_call){ .kind = HEAP_CALL_START,
                                         .payload = begin,
                                         .bytes = end - begin,
                                         .caller = CALLER });
    heap_poison_start(heap_log.on);
    heap_choose_calls();
}

void heap_add_small(const struct heap_backend *backend, size_t limit)
{
    ASSERT(kmalloc_layer.large != &no_backend);
    ASSERT_EQ(kmalloc_layer.small, NULL);
    ASSERT(backend->alloc && backend->free && backend->resize);
    ASSERT(backend->size && backend->owns);
    ASSERT_BELOW(limit, HEAP_REQUEST_MAX);
    kmalloc_layer.small = backend;
    kmalloc_layer.small_usage = backend->usage ? backend->usage : &no_usage;
    kmalloc_layer.stats.small = backend->name;
    kmalloc_layer.stats.small_limit = limit;
    heap_choose_calls();
}

/* The compiler turns such a call into a jump, so CALLER is the same in the
 * function that it jumps to. */
void *kmalloc(size_t bytes)
{
    return kmalloc_layer.calls.alloc(bytes);
}

enum heap_error kfree(void *payload)
{
    return kmalloc_layer.calls.free(payload);
}

void *krealloc(void *payload, size_t bytes)
{
    return kmalloc_layer.calls.resize(payload, bytes);
}

size_t kmalloc_size(const void *payload)
{
    if (!payload)
        return 0;
    if (heap_poison_on())
        return poison_size(payload);
    return backend_of(payload)->size(payload);
}
