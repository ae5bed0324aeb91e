/* SPDX-License-Identifier: MIT */
/* Decides whether malloc may act on an address.
 *
 * Merging writes through a block's header and links, so malloc first compares
 * them with other places, which a stray write is unlikely to have reached, too:
 *
 *     | previous | hdr | payload | next |
 *          ^        |               ^
 *          +--------+---------------+      do both neighbours have the
 *        previous_bytes           bytes    lengths that this header has?
 *
 * It finds only contradictions.  A forged block that agrees with its neighbours
 * passes; bookkeeping within reach of the payload cannot do better.
 */
#include "mm/malloc/malloc_block.h"

#include "lib/panic.h"

/* Whether the header at this place in the heap agrees with both of its
 * neighbours. */
static bool block_is_plausible(const struct block_header *block)
{
    uintptr_t before = (uintptr_t)block - malloc_heap.begin;

    ASSERT_BELOW(before, malloc_heap.end - malloc_heap.begin + 1);
    if (!block_is_used(block) && !block_is_free(block))
        return false;
    if (!is_block_length(block, block_bytes(block)) ||
        block_next(block)->previous_bytes != block_bytes(block))
        return false;
    if (block->previous_bytes == 0)
        return before == 0;
    return block->previous_bytes <= before &&
           block->previous_bytes % HEAP_ALIGNMENT == 0 &&
           block_bytes(block_previous(block)) == block->previous_bytes;
}

/* The error for an address in the heap that has no plausible header before it.
 * Walks to the block that contains it: linear time, but only for an error. */
static enum heap_error malloc_explain(uintptr_t address)
{
    const struct block_header *block = block_at(malloc_heap.begin);

    while (is_block_length(block, block_bytes(block))) {
        if (address < (uintptr_t)block_next(block)) {
            if (address == (uintptr_t)block_payload(block))
                return HEAP_CORRUPT;
            /* A block that was freed may be part of a larger one by now. */
            return block_is_free(block) ? HEAP_ALREADY_FREE : HEAP_INTERIOR;
        }
        block = block_next(block);
    }
    return HEAP_CORRUPT;
}

/* Whether a link of a free block could point here. */
static bool malloc_is_link(const struct list_link *link)
{
    uintptr_t address = (uintptr_t)link;

    return link == &malloc_heap.free_list ||
           (address > malloc_heap.begin && address < malloc_heap.end &&
            address % HEAP_ALIGNMENT == 0);
}

/* Whether a neighbour can be merged: used, or free and properly linked. */
static bool neighbour_is_sound(struct block_header *block)
{
    const struct list_link *link = link_of(block);

    if (!block_is_free(block))
        return true;
    return block_is_plausible(block) && malloc_is_link(link->previous) &&
           malloc_is_link(link->next) && link->previous->next == link &&
           link->next->previous == link;
}

/* Weak, as malloc_check() is: whoever has more lists than one, or other links,
 * has a function of this name in malloc.c. */
__attribute__((weak)) enum heap_error malloc_payload_error(const void *payload)
{
    uintptr_t address = (uintptr_t)payload;
    struct block_header *block = block_of(payload), *previous;

    if (address < malloc_heap.begin || address >= malloc_heap.end)
        return HEAP_FOREIGN;
    if (address % HEAP_ALIGNMENT != 0)
        return HEAP_MISALIGNED;
    if (address < malloc_heap.begin + HEADER_BYTES ||
        !block_is_plausible(block))
        return malloc_explain(address);
    if (block_is_free(block))
        return HEAP_ALREADY_FREE;
    previous = block_previous(block);
    if (!neighbour_is_sound(block_next(block)) ||
        (previous && !neighbour_is_sound(previous)))
        return HEAP_CORRUPT;
    return HEAP_OK;
}
