/* SPDX-License-Identifier: MIT */
/* The front door chooses a backend and keeps count.
 *
 *     kmalloc(bytes)                         kfree(payload)
 *       |                                      |
 *       | bytes > HEAP_REQUEST_MAX: NULL       | NULL: nothing
 *       v                                      v
 *     bytes <= small_limit                   small owns the address
 *       yes --> small    no --> large          yes --> small   no --> large
 *
 * The two choices need not agree: a block that was large and has been made
 * smaller in place stays where it is, and is freed there.
 *
 * What is checked for all backends, so that none repeats it: a size of 0, a
 * size beyond reason, an alignment that is no power of two, a product that
 * overflows, and a backend that is not written yet.
 */
#include "mm/heap.h"

#include "lib/addr.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "lib/string.h"
#include "lib/symbol.h"
#include "mm/heap_log.h"

/* Who has called the function that this is written in. */
#define CALLER ((uintptr_t)__builtin_return_address(0))

/* Inlined, a logged call would cost each call that is not logged the registers
 * it needs. */
#define OUT_OF_THE_WAY __attribute__((noinline, cold))

static const struct heap_usage no_usage;

static struct {
    struct heap_stats stats;
    const struct heap_backend *large;
    const struct heap_backend *small; /* NULL before stage zalloc */
    /* The backends' own counters, read after each allocation. */
    const struct heap_usage *large_usage, *small_usage;
    size_t lent_bytes, lent_blocks;
    bool not_written;
} heap;

const char *heap_error_text(enum heap_error error)
{
    static const char *const texts[] = {
        [HEAP_OK] = "no error",
        [HEAP_NOT_WRITTEN] = "free is not written yet",
        [HEAP_FOREIGN] = "no allocation gave out this address",
        [HEAP_MISALIGNED] = "not aligned as an allocation is",
        [HEAP_INTERIOR] = "inside a block, not at its start",
        [HEAP_ALREADY_FREE] = "already free (double free?)",
        [HEAP_CORRUPT] = "the heap's bookkeeping around it is damaged",
    };

    if ((size_t)error >= sizeof texts / sizeof texts[0])
        return "unknown error";
    return texts[error];
}

void heap_start(uintptr_t begin, uintptr_t end,
                const struct heap_backend *backend)
{
    ASSERT(begin <= end);
    memset(&heap, 0, sizeof heap);
    heap.large = backend;
    heap.large_usage = backend->usage ? backend->usage : &no_usage;
    heap.small_usage = &no_usage;
    heap.stats.begin = begin;
    heap.stats.end = end;
    heap.stats.large = backend->name;
    if (heap_log.on)
        heap_log_add((struct heap_call){ .kind = HEAP_CALL_START,
                                         .payload = begin,
                                         .bytes = end - begin,
                                         .caller = CALLER });
}

void heap_add_small(const struct heap_backend *backend, size_t limit)
{
    ASSERT(heap.large);
    heap.small = backend;
    heap.small_usage = backend->usage ? backend->usage : &no_usage;
    heap.stats.small = backend->name;
    heap.stats.small_limit = limit;
}

static const struct heap_backend *backend_for(size_t bytes, size_t alignment)
{
    if (heap.small && bytes <= heap.stats.small_limit &&
        alignment <= HEAP_ALIGNMENT)
        return heap.small;
    return heap.large;
}

static const struct heap_backend *backend_of(const void *payload)
{
    if (heap.small && heap.small->owns(payload))
        return heap.small;
    return heap.large;
}

/* What callers hold: the large backend counts what it lent as used, although
 * of that only the small one's entries are. */
static size_t callers_bytes(void)
{
    return heap.large_usage->used_bytes - heap.lent_bytes +
           heap.small_usage->used_bytes;
}

static void note_peak(void)
{
    size_t bytes = callers_bytes();

    if (bytes > heap.stats.usage.peak_bytes)
        heap.stats.usage.peak_bytes = bytes;
}

/* NULL if there is no heap yet, or its alloc is still a hole. */
static void *backend_alloc(const struct heap_backend *backend, size_t bytes,
                           size_t alignment)
{
    void *payload = backend ? backend->alloc(bytes, alignment) : NULL;

    if (payload != NOT_WRITTEN)
        return payload;
    heap.not_written = true;
    return NULL;
}

static void *heap_alloc(size_t bytes, size_t alignment)
{
    void *payload = NULL;

    if (bytes == 0)
        bytes = 1;
    if (bytes <= HEAP_REQUEST_MAX)
        payload =
            backend_alloc(backend_for(bytes, alignment), bytes, alignment);
    if (payload) {
        heap.stats.allocations++;
        note_peak();
    } else {
        heap.stats.failures++;
    }
    return payload;
}

static OUT_OF_THE_WAY void *logged_alloc(size_t bytes, size_t alignment,
                                         uintptr_t caller)
{
    void *payload = heap_alloc(bytes, alignment);

    heap_log_add((struct heap_call){ .kind = HEAP_CALL_ALLOC,
                                     .payload = (uintptr_t)payload,
                                     .bytes = bytes,
                                     .caller = caller });
    return payload;
}

void *kmalloc(size_t bytes)
{
    if (heap_log.on)
        return logged_alloc(bytes, HEAP_ALIGNMENT, CALLER);
    return heap_alloc(bytes, HEAP_ALIGNMENT);
}

void *kmalloc_aligned(size_t bytes, size_t alignment)
{
    if (!is_power_of_two(alignment)) {
        heap.stats.failures++;
        return NULL;
    }
    if (alignment < HEAP_ALIGNMENT)
        alignment = HEAP_ALIGNMENT;
    if (heap_log.on)
        return logged_alloc(bytes, alignment, CALLER);
    return heap_alloc(bytes, alignment);
}

void *kcalloc(size_t count, size_t bytes)
{
    size_t product;
    void *payload;

    if (__builtin_mul_overflow(count, bytes, &product)) {
        heap.stats.failures++;
        return NULL;
    }
    payload = heap_log.on ? logged_alloc(product, HEAP_ALIGNMENT, CALLER)
                          : heap_alloc(product, HEAP_ALIGNMENT);
    if (payload)
        memset(payload, 0, product);
    return payload;
}

static void refuse(const char *call, const void *payload, const char *why,
                   uintptr_t caller)
{
    char where[SYMBOL_TEXT_BYTES];

    heap.stats.bad_frees++;
    print("%s %#lx: %s, called from %s\n", call, (unsigned long)payload, why,
          caller_text(where, sizeof where, caller));
}

static enum heap_error heap_free(const char *call, void *payload,
                                 uintptr_t caller)
{
    const struct heap_backend *backend = backend_of(payload);
    enum heap_error error = backend ? backend->free(payload) : HEAP_FOREIGN;

    if (error == HEAP_OK)
        heap.stats.frees++;
    else if (error == HEAP_NOT_WRITTEN)
        heap.not_written = true;
    else
        refuse(call, payload, heap_error_text(error), caller);
    if (error != HEAP_OK)
        heap_log_refused();
    return error;
}

static OUT_OF_THE_WAY enum heap_error logged_free(void *payload,
                                                  uintptr_t caller)
{
    heap_log_add((struct heap_call){ .kind = HEAP_CALL_FREE,
                                     .payload = (uintptr_t)payload,
                                     .caller = caller });
    return heap_free("kfree", payload, caller);
}

enum heap_error kfree(void *payload)
{
    if (!payload)
        return HEAP_OK;
    if (heap_log.on)
        return logged_free(payload, CALLER);
    return heap_free("kfree", payload, CALLER);
}

size_t kmalloc_size(const void *payload)
{
    const struct heap_backend *backend = backend_of(payload);

    return payload && backend ? backend->size(payload) : 0;
}

/* To a block of its own: the old one stays until the copy is made, so that
 * running out of memory leaves it as it was. */
static void *realloc_by_moving(void *payload, size_t old_bytes, size_t bytes,
                               uintptr_t caller)
{
    void *moved = heap_alloc(bytes, HEAP_ALIGNMENT);

    if (!moved)
        return NULL;
    memcpy(moved, payload, old_bytes < bytes ? old_bytes : bytes);
    heap_free("krealloc", payload, caller);
    return moved;
}

static void *heap_resize(void *payload, size_t bytes, uintptr_t caller)
{
    size_t old_bytes = kmalloc_size(payload);

    if (!payload)
        return heap_alloc(bytes, HEAP_ALIGNMENT);
    if (old_bytes == 0) {
        heap.stats.failures++;
        refuse("krealloc", payload, "no block in use starts here", caller);
        heap_log_refused();
        return NULL;
    }
    if (bytes == 0)
        bytes = 1;
    heap.stats.resizes++;
    if (bytes <= HEAP_REQUEST_MAX &&
        backend_of(payload)->resize(payload, bytes)) {
        note_peak();
        return payload;
    }
    return realloc_by_moving(payload, old_bytes, bytes, caller);
}

static OUT_OF_THE_WAY void *logged_resize(void *payload, size_t bytes,
                                          uintptr_t caller)
{
    struct heap_call call = { .kind = HEAP_CALL_RESIZE,
                              .was = (uintptr_t)payload,
                              .bytes = bytes,
                              .caller = caller };
    void *moved;

    /* Before the call, so that a refusal finds it; then with its answer. */
    heap_log_add(call);
    moved = heap_resize(payload, bytes, caller);
    heap_log_answer((uintptr_t)moved);
    return moved;
}

void *krealloc(void *payload, size_t bytes)
{
    if (heap_log.on)
        return logged_resize(payload, bytes, CALLER);
    return heap_resize(payload, bytes, CALLER);
}

void *heap_lend(size_t bytes, size_t alignment)
{
    void *payload = backend_alloc(heap.large, bytes, alignment);

    if (payload) {
        heap.lent_bytes += heap.large->size(payload);
        heap.lent_blocks++;
    }
    return payload;
}

void heap_take_back(void *payload)
{
    size_t bytes = heap.large->size(payload);
    enum heap_error error = heap.large->free(payload);

    if (error == HEAP_OK) {
        heap.lent_bytes -= bytes;
        heap.lent_blocks--;
    } else {
        refuse("heap_take_back", payload, heap_error_text(error), CALLER);
    }
}

struct heap_stats heap_stats(void)
{
    struct heap_stats stats = heap.stats;

    if (!heap.large)
        return stats;
    stats.usage.used_bytes = callers_bytes();
    stats.usage.used_blocks = heap.large_usage->used_blocks - heap.lent_blocks +
                              heap.small_usage->used_blocks;
    return stats;
}

bool heap_not_written(void)
{
    return heap.not_written;
}

bool heap_walk(block_visitor visit, void *context)
{
    if (heap.large && heap.large->walk && !heap.large->walk(visit, context))
        return false;
    return !heap.small || !heap.small->walk || heap.small->walk(visit, context);
}

struct violation heap_check(void)
{
    struct violation violation = SOUND;

    if (heap.large && heap.large->check)
        violation = heap.large->check();
    if (is_sound(violation) && heap.small && heap.small->check)
        violation = heap.small->check();
    return violation;
}
