/* SPDX-License-Identifier: MIT */
/* kmalloc, kfree and krealloc without a detour.
 *
 * The common way, when a block of the size waits to be taken or none does when
 * one is freed, is a function that calls no other.  The rarer ways are a jump
 * away, and what is rarest or wrong goes through the kmalloc layer.
 */
#include "mm/armour/armour.h"
#include "mm/armour/armour_calls.h"
#include "mm/heap/heap_private.h"

/* Not in this arena, as it is. */
static __attribute__((noinline)) void *kmalloc_elsewhere(uint32_t length)
{
    void *payload =
        no_room(&armour_arena, length * GRANULE_BYTES, GRANULE_BYTES);

    /* no_room() may find that it is not written. */
    if ((uintptr_t)payload <= (uintptr_t)NOT_WRITTEN)
        return heap_no_payload(payload);
    kmalloc_layer.stats.allocations++;
    return payload;
}

static __attribute__((noinline)) void *kmalloc_from_runs(uint32_t length)
{
    void *payload = alloc_from_runs(&armour_arena, length);

    if (!payload)
        return kmalloc_elsewhere(length);
    kmalloc_layer.stats.allocations++;
    return payload;
}

/* Also for 0 bytes. */
static __attribute__((noinline)) void *kmalloc_large(size_t bytes)
{
    uint32_t length = granules_for(bytes);

    if (bytes - 1 >= HEAP_REQUEST_MAX)
        return plain_kmalloc(bytes);
    if (length > armour_arena.granules)
        return kmalloc_elsewhere(length);
    return kmalloc_from_runs(length);
}

/* There is no recent block. */
static __attribute__((noinline)) void *kmalloc_sized(uint32_t size)
{
    struct extent *pile = &armour_arena.piles[size];

    if (pile->begin == pile->end)
        return kmalloc_from_runs(size);
    kmalloc_layer.stats.allocations++;
    return alloc_from_pile(&armour_arena, pile, size);
}

static void *armour_kmalloc(size_t bytes)
{
    uint32_t size = granules_for(bytes);
    void *payload;

    if (size - 1 >= armour_arena.sizes)
        return kmalloc_large(bytes);
    payload = alloc_recent(&armour_arena, size);
    if (!payload)
        return kmalloc_sized(size);
    kmalloc_layer.stats.allocations++;
    return payload;
}

/* As arena_free(), but that it ends with a jump wherever it does not end
 * itself. The kmalloc layer has NULL, bad addresses and those of others. */
static enum heap_error armour_kfree(void *payload)
{
    uintptr_t address = (uintptr_t)payload;
    uint32_t size = short_block_length(&armour_arena, address);

    if (size == 0)
        return plain_kfree(payload);
    if (size > armour_arena.sizes)
        return block_retire_large(&armour_arena, address);
    if (armour_arena.recent[size]) {
        if (armour_arena.recent[size] == address)
            return plain_kfree(payload);
        return block_retire(&armour_arena, address, size);
    }
    armour_arena.recent[size] = address;
    usage_remove(&armour_arena.usage, size * GRANULE_BYTES);
    return HEAP_OK;
}

/* NULL, too, is an address of another arena, or of none. */
static void *armour_krealloc(void *payload, size_t bytes)
{
    if (bytes - 1 >= HEAP_REQUEST_MAX)
        return plain_krealloc(payload, bytes);
    if (!arena_resize(&armour_arena, (uintptr_t)payload, bytes)) {
        if (!armour_owns(payload))
            return plain_krealloc(payload, bytes);
        return heap_resize_elsewhere(payload, bytes, CALLER);
    }
    kmalloc_layer.stats.resizes++;
    return payload;
}

const struct heap_calls armour_calls = {
    armour_kmalloc,
    armour_kfree,
    armour_krealloc,
};
