/* SPDX-License-Identifier: MIT */
/* malloc in armour.
 *
 * The list malloc keeps its bookkeeping in front of each payload, within reach
 * of every overflow, and its search may pass every free block.  Here
 *
 *     armour_maps.h    two bits for each 8 bytes say what is used and how long
 *                      it is; they lie apart, no payload pointer leads there
 *     armour_index.h   lists of free runs by length: a search without a loop;
 *                      their links are hints, and are asked for proof
 *     armour_runs.h    cutting blocks out of runs, merging them when released
 *     armour_sizes.h   what is kept ready for the next request of a size
 *     armour_calls.h   how a request passes through all of these
 *
 * and this file makes an allocator of it, with one arena for the static heap.
 *
 *     A1: nothing is decided by a byte that a payload pointer can reach.
 *     A2: no call loops over blocks, except sizes_empty() before a request
 *         fails, index_rebuild() after a stray write, and the search for the
 *         name of an error.
 *     A3: the counters equal what a walk finds; a recent block is not in use.
 */
#include "mm/armour.h"

#include "mm/armour_calls.h"
#include "mm/armour_walk.h"
#include "mm/heap_private.h"

struct arena armour_arena;

bool armour_reclaim(void)
{
    return sizes_empty(&armour_arena);
}

/* What waits in the records may be just what is missing. */
static void *alloc_reclaimed(size_t bytes, size_t alignment)
{
    if (bytes / GRANULE_BYTES > armour_arena.granules || !armour_reclaim())
        return NULL;
    return armour_alloc(bytes, alignment);
}

enum stage_state armour_init(uintptr_t begin, uintptr_t end)
{
    arena_init(&armour_arena, begin, end);
    armour_arena.no_room = alloc_reclaimed;
    return STAGE_OK;
}

void *armour_alloc(size_t bytes, size_t alignment)
{
    return arena_alloc(&armour_arena, bytes, alignment);
}

enum heap_error armour_free(void *payload)
{
    return arena_free(&armour_arena, (uintptr_t)payload);
}

bool armour_resize(void *payload, size_t bytes)
{
    return arena_resize(&armour_arena, (uintptr_t)payload, bytes);
}

size_t armour_size(const void *payload)
{
    return arena_size(&armour_arena, (uintptr_t)payload);
}

bool armour_owns(const void *payload)
{
    uintptr_t address = (uintptr_t)payload;

    return address >= armour_arena.base && address < armour_arena.end;
}

bool armour_walk(block_visitor visit, void *context)
{
    return arena_walk(&armour_arena, visit, context);
}

/* -- Without a detour ------------------------------------------------------
 *
 * kmalloc and kfree when the records have what is wanted, in one function that
 * calls no other.  The rarer ways are a jump away, and what is rarest or wrong
 * goes through the front door like anybody's. */

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

static __attribute__((noinline)) enum heap_error
kfree_sized(void *payload, struct size_record *record, uint32_t bytes)
{
    uintptr_t address = (uintptr_t)payload;

    if (record->recent[0] == address || record->recent[1] == address)
        return plain_kfree(payload);
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
    if (!retire_first(record, address))
        return kfree_sized(payload, record, bytes);
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

static const struct heap_calls armour_calls = {
    armour_kmalloc,
    armour_kfree,
    armour_krealloc,
};

const struct heap_backend armour_backend = {
    .name = "armour",
    .alloc = armour_alloc,
    .free = armour_free,
    .resize = armour_resize,
    .size = armour_size,
    .owns = armour_owns,
    .walk = armour_walk,
    .check = armour_check,
    .usage = &armour_arena.usage,
    .calls = &armour_calls,
};
