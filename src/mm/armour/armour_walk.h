/* SPDX-License-Identifier: MIT */
/* An arena as others see it, block by block. */
#ifndef MM_ARMOUR_ARMOUR_WALK_H
#define MM_ARMOUR_ARMOUR_WALK_H

#include "mm/armour/armour_calls.h"

/* The next piece from `at` on: a block in use, or all free memory up to it.
 * What is kept ready is free to whom a walk concerns. */
static uint32_t walk_piece(const struct arena *arena, uint32_t at,
                           struct block *piece)
{
    uint32_t end = at;

    piece->address = armour_address_of(arena, at);
    piece->state = BLOCK_FREE;
    while (end < arena->granules &&
           !used_block_end(arena, armour_address_of(arena, end)))
        end = armour_block_end(arena, end);
    if (end == at) {
        piece->state = BLOCK_USED;
        end = armour_block_end(arena, at);
    }
    piece->bytes = (end - at) * GRANULE_BYTES;
    return end;
}

/* The bookkeeping, then every block. */
static bool arena_walk(const struct arena *arena, block_visitor visit,
                       void *context)
{
    struct block piece = {
        .address = arena->begin,
        .bytes = arena->base - arena->begin,
        .state = BLOCK_BOOKKEEPING,
        .owner = "armour",
    };

    if (piece.bytes > 0 && !visit(&piece, context))
        return false;
    for (uint32_t at = 0; at < arena->granules;) {
        at = walk_piece(arena, at, &piece);
        if (!visit(&piece, context))
            return false;
    }
    return true;
}

#endif
