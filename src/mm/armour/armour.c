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
 *     armour_kmalloc.c the same without a detour by the kmalloc layer
 *
 * and this file makes an allocator of it, with one arena for the static heap.
 *
 *     A1: nothing is decided by a byte that a payload pointer can reach.
 *     A2: no call loops over blocks, except sizes_empty() before a request
 *         fails, index_rebuild() after a stray write, and the search for the
 *         name of an error.
 *     A3: the counters equal what a walk finds; a recent block is not in use.
 */
#include "mm/armour/armour.h"

#include "mm/armour/armour_calls.h"
#include "mm/armour/armour_walk.h"

struct arena armour_arena;

bool armour_reclaim(void)
{
    return sizes_empty(&armour_arena);
}

/* What is kept ready may be just what is missing. */
static void *armour_alloc_reclaimed(size_t bytes, size_t alignment)
{
    if (bytes / GRANULE_BYTES > armour_arena.granules || !armour_reclaim())
        return NULL;
    return armour_alloc(bytes, alignment);
}

/* Lays out the static heap's arena, which asks the function above where it has
 * no room.  STAGE_OK, also if the region is too small for the bookkeeping. */
enum stage_state armour_init(uintptr_t begin, uintptr_t end)
{
    /* LAB 7 BEGIN: return STAGE_NOT_WRITTEN; */
    arena_init(&armour_arena, begin, end);
    armour_arena.no_room = armour_alloc_reclaimed;
    return STAGE_OK;
    /* LAB 7 END */
}

void *armour_alloc(size_t bytes, size_t alignment)
{
    return arena_alloc(&armour_arena, bytes, alignment);
}

/* Asks the maps before it believes a pointer: see arena_free(). */
enum heap_error armour_free(void *payload)
{
    /* LAB 7 BEGIN: return HEAP_NOT_WRITTEN; */
    return arena_free(&armour_arena, (uintptr_t)payload);
    /* LAB 7 END */
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
