/* SPDX-License-Identifier: MIT */
/* The kmalloc layer's view of the heap: figures, a walk, a check. */
#include "mm/heap/heap.h"

#include "lib/panic.h"
#include "mm/heap/heap_poison.h"
#include "mm/heap/heap_private.h"

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
        [HEAP_LENT] = "lent to the allocator of small blocks",
    };

    if ((size_t)error >= sizeof texts / sizeof texts[0])
        return "unknown error";
    return texts[error];
}

struct heap_usage backend_usage(const struct heap_backend *backend)
{
    const struct heap_usage nothing = { 0 };

    if (backend->total)
        return backend->total();
    return backend->usage ? *backend->usage : nothing;
}

struct heap_stats heap_stats(void)
{
    struct heap_stats stats = kmalloc_layer.stats;
    struct heap_usage large = backend_usage(kmalloc_layer.large);

    stats.usage.used_bytes = large.used_bytes - kmalloc_layer.lent_bytes +
                             kmalloc_layer.small_usage->used_bytes;
    if (!kmalloc_layer.small)
        stats.usage.peak_bytes = large.peak_bytes;
    stats.usage.used_blocks = large.used_blocks - kmalloc_layer.lent_blocks +
                              kmalloc_layer.small_usage->used_blocks;
    stats.resizes += large.resizes;
    if (kmalloc_layer.large->calls && !kmalloc_layer.small)
        stats.allocations = large.allocations;
    /* Every block that was allocated and is not in use was freed.  Counting
     * frees would cost each of them an instruction. */
    stats.frees = stats.allocations - stats.usage.used_blocks;
    return stats;
}

bool heap_not_written(void)
{
    return kmalloc_layer.not_written;
}

/* A visit that leaves out the blocks which the small backend reports itself. */
struct large_visit {
    block_visitor visit;
    void *context;
};

/* Visits a block of the large backend, unless the small one has borrowed it. */
static bool visit_large(const struct block *block, void *context)
{
    const struct large_visit *large = context;

    if (kmalloc_layer.small && block->state == BLOCK_USED &&
        kmalloc_layer.small->owns((const void *)block->address))
        return true;
    return large->visit(block, large->context);
}

bool heap_walk(block_visitor visit, void *context)
{
    struct large_visit large = { visit, context };

    ASSERT(visit != NULL);
    if (kmalloc_layer.large->walk &&
        !kmalloc_layer.large->walk(visit_large, &large))
        return false;
    return !kmalloc_layer.small || !kmalloc_layer.small->walk ||
           kmalloc_layer.small->walk(visit, context);
}

struct violation heap_check(void)
{
    struct violation violation = SOUND;

    if (kmalloc_layer.large->check)
        violation = kmalloc_layer.large->check();
    if (is_sound(violation) && kmalloc_layer.small &&
        kmalloc_layer.small->check)
        violation = kmalloc_layer.small->check();
    return is_sound(violation) ? heap_poison_check() : violation;
}
