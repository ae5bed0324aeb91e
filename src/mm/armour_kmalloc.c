/* SPDX-License-Identifier: MIT */
/* kmalloc, kfree and krealloc without a detour.
 *
 * The common way, when the records have what is wanted, is one function that
 * calls no other.  The rarer ways are a jump away, and what is rarest or wrong
 * goes through the front door like anybody's.
 */
#include "mm/armour.h"
#include "mm/armour_calls.h"
#include "mm/heap_private.h"

static __attribute__((noinline)) void *kmalloc_from_runs(uint32_t bytes)
{
    void *payload = alloc_from_runs(&armour_arena, bytes);

    /* no_room() may find that it is not written. */
    if ((uintptr_t)payload <= (uintptr_t)NOT_WRITTEN)
        return heap_no_payload(payload);
    door.stats.allocations++;
    return payload;
}

/* Also for 0 bytes. */
static __attribute__((noinline)) void *kmalloc_large(size_t bytes)
{
    if (bytes - 1 >= HEAP_REQUEST_MAX || armour_arena.sized_bytes == 0)
        return plain_kmalloc(bytes);
    return kmalloc_from_runs(align_up(bytes, GRANULE_BYTES));
}

static __attribute__((noinline)) void *kmalloc_sized(struct size_record *record,
                                                     uint32_t bytes)
{
    void *payload = alloc_recent(&armour_arena, record, 1, bytes);

    if (!payload) {
        if (record->pile.begin == record->pile.end)
            return kmalloc_from_runs(bytes);
        door.stats.allocations++;
        return alloc_from_pile(&armour_arena, &record->pile, bytes);
    }
    door.stats.allocations++;
    return payload;
}

void *armour_kmalloc(size_t bytes)
{
    struct size_record *record;
    void *payload;

    if (bytes - 1 >= armour_arena.sized_bytes)
        return kmalloc_large(bytes);
    bytes = align_up(bytes, GRANULE_BYTES);
    record = record_of(&armour_arena, bytes);
    payload = alloc_recent(&armour_arena, record, 0, bytes);
    if (!payload)
        return kmalloc_sized(record, bytes);
    door.stats.allocations++;
    return payload;
}

static __attribute__((noinline)) enum heap_error kfree_large(void *payload)
{
    door.stats.frees++;
    return block_retire_large(&armour_arena, (uintptr_t)payload);
}

/* The block is not recent. */
static __attribute__((noinline)) enum heap_error
kfree_sized(struct size_record *record, uintptr_t address, uint32_t bytes)
{
    door.stats.frees++;
    return block_retire(&armour_arena, record, address, bytes);
}

/* NULL, a bad address and one of another arena are the front door's. */
enum heap_error armour_kfree(void *payload)
{
    uintptr_t address = (uintptr_t)payload;
    uint32_t bytes = short_block_bytes(&armour_arena, address);
    struct size_record *record = record_of(&armour_arena, bytes);

    if (bytes == 0)
        return plain_kfree(payload);
    if (bytes > armour_arena.sized_bytes)
        return kfree_large(payload);
    if (!retire_first(record, address)) {
        if (record->recent[0] == address || record->recent[1] == address)
            return plain_kfree(payload);
        return kfree_sized(record, address, bytes);
    }
    usage_remove(&armour_arena.usage, bytes);
    door.stats.frees++;
    return HEAP_OK;
}

void *armour_krealloc(void *payload, size_t bytes)
{
    if (!payload || bytes - 1 >= HEAP_REQUEST_MAX)
        return plain_krealloc(payload, bytes);
    if (!arena_resize(&armour_arena, (uintptr_t)payload, bytes))
        return heap_resize_elsewhere(payload, bytes, CALLER);
    door.stats.resizes++;
    return payload;
}
