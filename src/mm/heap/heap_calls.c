/* SPDX-License-Identifier: MIT */
/* The calls of the kmalloc layer: each chooses a backend, calls it and counts.
 *
 * These checks are made here once, so that no backend repeats them: a size of
 * 0, a size above HEAP_REQUEST_MAX, an alignment that is not a power of two, a
 * product that overflows, and a backend that is not written yet.
 */
#include "mm/heap/heap.h"

#include "lib/addr.h"
#include "lib/panic.h"
#include "lib/poison.h"
#include "lib/print.h"
#include "lib/string.h"
#include "lib/symbol.h"
#include "mm/heap/heap_log.h"
#include "mm/heap/heap_poison.h"
#include "mm/heap/heap_poison_private.h"
#include "mm/heap/heap_quick.h"
#include "mm/heap/heap_watch.h"

/* Updates the peak of two backends together; each keeps its own peak itself. */
static inline void note_peak(void)
{
    if (kmalloc_layer.small &&
        callers_bytes() > kmalloc_layer.stats.usage.peak_bytes)
        kmalloc_layer.stats.usage.peak_bytes = callers_bytes();
}

/* Counts an allocation whose backend answered NULL or NOT_WRITTEN.  Returns
 * NULL. */
OUT_OF_THE_WAY void *heap_no_payload(const void *answer)
{
    if (answer == NOT_WRITTEN)
        kmalloc_layer.not_written = true;
    kmalloc_layer.stats.failures++;
    return NULL;
}

/* After a backend has answered NULL: once more, if the small backend gives back
 * memory that it kept. */
static OUT_OF_THE_WAY void *heap_try_again(size_t bytes, size_t alignment)
{
    const struct heap_backend *small = kmalloc_layer.small;

    if (!small || !small->reclaim || !small->reclaim())
        return NULL;
    return backend_for(bytes, alignment)->alloc(bytes, alignment);
}

/* Counts what a backend answered to an allocation.  One comparison finds NULL
 * and NOT_WRITTEN. */
static inline void *heap_answer(void *payload)
{
    if ((uintptr_t)payload <= (uintptr_t)NOT_WRITTEN)
        return heap_no_payload(payload);
    kmalloc_layer.stats.allocations++;
    note_peak();
    return payload;
}

/* Every allocation comes through here, so this saves instructions: one
 * comparison finds sizes that are 0 or too large, and only then a second one
 * distinguishes the two. */
static inline void *heap_alloc(size_t bytes, size_t alignment)
{
    void *payload;

    if (bytes - 1 >= HEAP_REQUEST_MAX) {
        if (bytes > 0)
            return heap_no_payload(NULL);
        bytes = 1;
    }
    payload = backend_for(bytes, alignment)->alloc(bytes, alignment);
    if (!payload)
        payload = heap_try_again(bytes, alignment);
    return heap_answer(payload);
}

/* For a block that moves because it cannot grow where it is. */
static void *heap_alloc_growing(size_t bytes)
{
    const struct heap_backend *backend = backend_for(bytes, HEAP_ALIGNMENT);

    if (bytes > HEAP_REQUEST_MAX || !backend->alloc_growing)
        return heap_alloc(bytes, HEAP_ALIGNMENT);
    return heap_answer(backend->alloc_growing(bytes));
}

OUT_OF_THE_WAY void *heap_quick_missed(size_t bytes)
{
    if (!heap_quick_takes(bytes))
        return heap_alloc(bytes, HEAP_ALIGNMENT);
    return heap_answer(
        kmalloc_layer.large->alloc_missed(bytes, HEAP_ALIGNMENT));
}

void *plain_kmalloc_aligned(size_t bytes, size_t alignment)
{
    return heap_alloc(bytes, alignment);
}

static void *filled_alloc(size_t bytes, size_t alignment)
{
    void *payload = heap_alloc(bytes, alignment);

    if (payload)
        memset(payload, POISON_FRESH, bytes);
    return payload;
}

/* As heap_alloc(), written into the log with its caller, and watched. */
static OUT_OF_THE_WAY void *logged_alloc(size_t bytes, size_t alignment,
                                         uintptr_t caller)
{
    uint32_t number = heap_log.next;
    void *payload;

    heap_watch_before(number);
    heap_log_begin((struct heap_call){
        .kind = HEAP_CALL_ALLOC, .bytes = bytes, .caller = caller });
    payload = heap_poison_on() ? poison_alloc(bytes, alignment, caller)
                               : filled_alloc(bytes, alignment);
    heap_log_end((uintptr_t)payload);
    heap_watch_after(number);
    return payload;
}

void *plain_kmalloc(size_t bytes)
{
    return heap_alloc(bytes, HEAP_ALIGNMENT);
}

void *logged_kmalloc(size_t bytes)
{
    return logged_alloc(bytes, HEAP_ALIGNMENT, CALLER);
}

void *kmalloc_aligned(size_t bytes, size_t alignment)
{
    if (!is_power_of_two(alignment)) {
        kmalloc_layer.stats.failures++;
        return NULL;
    }
    if (alignment < HEAP_ALIGNMENT)
        alignment = HEAP_ALIGNMENT;
    if (heap_log.on || heap_poison_on())
        return logged_alloc(bytes, alignment, CALLER);
    return heap_alloc(bytes, alignment);
}

void *kcalloc(size_t count, size_t bytes)
{
    size_t product;
    void *payload;

    if (__builtin_mul_overflow(count, bytes, &product)) {
        kmalloc_layer.stats.failures++;
        return NULL;
    }
    payload = heap_log.on || heap_poison_on()
                  ? logged_alloc(product, HEAP_ALIGNMENT, CALLER)
                  : heap_alloc(product, HEAP_ALIGNMENT);
    if (payload)
        memset(payload, 0, product);
    return payload;
}

/* Counts and prints a refused free or resize. */
static void refuse(const char *call, const void *payload, const char *why,
                   uintptr_t caller)
{
    char where[SYMBOL_TEXT_BYTES];

    kmalloc_layer.stats.bad_frees++;
    print("%s %#lx: %s, called from %s\n", call, (unsigned long)payload, why,
          caller_text(where, sizeof where, caller));
}

static OUT_OF_THE_WAY enum heap_error heap_not_freed(const char *call,
                                                     const void *payload,
                                                     enum heap_error error,
                                                     uintptr_t caller)
{
    if (error == HEAP_NOT_WRITTEN)
        kmalloc_layer.not_written = true;
    else
        refuse(call, payload, heap_error_text(error), caller);
    heap_log_refused();
    return error;
}

/* Frees a payload that is not NULL, by the backend that owns its address. */
static inline enum heap_error heap_free(void *payload)
{
    if (payload == kmalloc_layer.lent_map)
        return HEAP_LENT;
    return backend_of(payload)->free(payload);
}

/* CALLER is read only in the error case: keeping it during the call would cost
 * every free a register. */
enum heap_error plain_kfree(void *payload)
{
    enum heap_error error;

    if (!payload)
        return HEAP_OK;
    error = heap_free(payload);
    return error == HEAP_OK ? error
                            : heap_not_freed("kfree", payload, error, CALLER);
}

/* As heap_free(), and fills the payload before.  If there are two allocators,
 * blocks of the large one are not filled: such a block may be lent to the small
 * one, and the free of a lent block is refused. */
static enum heap_error filled_free(void *payload)
{
    const struct heap_backend *backend = backend_of(payload);

    ASSERT(backend != NULL);
    if (!kmalloc_layer.small || backend == kmalloc_layer.small)
        memset(payload, POISON_FREED, backend->size(payload));
    return backend->free(payload);
}

enum heap_error logged_kfree(void *payload)
{
    uintptr_t caller = CALLER;
    uint32_t number = heap_log.next;
    enum heap_error error;

    if (!payload)
        return HEAP_OK;
    heap_watch_before(number);
    heap_log_begin((struct heap_call){ .kind = HEAP_CALL_FREE,
                                       .payload = (uintptr_t)payload,
                                       .caller = caller });
    error =
        heap_poison_on() ? poison_free(payload, caller) : filled_free(payload);
    heap_log_end((uintptr_t)payload);
    if (error != HEAP_OK)
        heap_not_freed("kfree", payload, error, caller);
    heap_watch_after(number);
    return error;
}

/* Moves a live block of `old_bytes` bytes.  Allocates the new block before it
 * frees the old one, so that the old one is unchanged when memory runs out. */
static void *realloc_by_moving(void *payload, size_t old_bytes, size_t bytes,
                               uintptr_t caller)
{
    void *moved = heap_alloc_growing(bytes);
    enum heap_error error;

    ASSERT(old_bytes > 0);
    if (!moved)
        return NULL;
    memcpy(moved, payload, old_bytes < bytes ? old_bytes : bytes);
    error = heap_free(payload);
    if (error != HEAP_OK)
        heap_not_freed("krealloc", payload, error, caller);
    return moved;
}

static OUT_OF_THE_WAY void *heap_resize_elsewhere(void *payload, size_t bytes,
                                                  uintptr_t caller)
{
    size_t old_bytes = kmalloc_size(payload);

    if (old_bytes > 0 && payload != kmalloc_layer.lent_map) {
        kmalloc_layer.stats.resizes++;
        return realloc_by_moving(payload, old_bytes, bytes, caller);
    }
    kmalloc_layer.stats.failures++;
    refuse("krealloc", payload, "no block in use starts here", caller);
    heap_log_refused();
    return NULL;
}

/* Tries to resize in place first.  A backend refuses an address that is not a
 * block of its own, so no separate check of the address is needed before. */
static inline void *heap_resize(void *payload, size_t bytes, uintptr_t caller)
{
    if (!payload)
        return heap_alloc(bytes, HEAP_ALIGNMENT);
    if (bytes == 0)
        bytes = 1;
    if (bytes > HEAP_REQUEST_MAX || payload == kmalloc_layer.lent_map ||
        !backend_of(payload)->resize(payload, bytes))
        return heap_resize_elsewhere(payload, bytes, caller);
    kmalloc_layer.stats.resizes++;
    note_peak();
    return payload;
}

void *plain_krealloc(void *payload, size_t bytes)
{
    return heap_resize(payload, bytes, CALLER);
}

/* With poison each block moves, so that a pointer kept over krealloc shows. */
static void *poison_resize(void *payload, size_t bytes, uintptr_t caller)
{
    size_t old_bytes = poison_size(payload);
    void *moved;

    if (payload && old_bytes == 0)
        return heap_resize_elsewhere(payload, bytes, caller);
    moved = poison_alloc(bytes, HEAP_ALIGNMENT, caller);
    if (moved && payload) {
        kmalloc_layer.stats.resizes++;
        memcpy(moved, payload, old_bytes < bytes ? old_bytes : bytes);
        poison_free(payload, caller);
    }
    return moved;
}

void *logged_krealloc(void *payload, size_t bytes)
{
    struct heap_call call = { .kind = HEAP_CALL_RESIZE,
                              .was = (uintptr_t)payload,
                              .bytes = bytes,
                              .caller = CALLER };
    uint32_t number = heap_log.next;
    void *moved;

    heap_watch_before(number);
    heap_log_begin(call);
    moved = heap_poison_on() ? poison_resize(payload, bytes, call.caller)
                             : heap_resize(payload, bytes, call.caller);
    heap_log_end((uintptr_t)moved);
    heap_watch_after(number);
    return moved;
}

void *heap_lend(size_t bytes, size_t alignment)
{
    void *payload = kmalloc_layer.large->alloc(bytes, alignment);

    ASSERT(is_power_of_two(alignment));
    if (payload == NOT_WRITTEN)
        payload = NULL;
    if (payload) {
        kmalloc_layer.lent_bytes += kmalloc_layer.large->size(payload);
        kmalloc_layer.lent_blocks++;
    }
    return payload;
}

void *heap_lend_map(size_t bytes)
{
    void *payload = heap_lend(bytes, HEAP_ALIGNMENT);

    ASSERT(!kmalloc_layer.lent_map);
    kmalloc_layer.lent_map = payload;
    return payload;
}

void heap_take_back(void *payload)
{
    size_t bytes = kmalloc_layer.large->size(payload);
    enum heap_error error = kmalloc_layer.large->free(payload);

    if (error == HEAP_OK) {
        ASSERT(kmalloc_layer.lent_blocks > 0);
        ASSERT_BELOW(bytes, kmalloc_layer.lent_bytes + 1);
        kmalloc_layer.lent_bytes -= bytes;
        kmalloc_layer.lent_blocks--;
    } else {
        refuse("heap_take_back", payload, heap_error_text(error), CALLER);
    }
}
