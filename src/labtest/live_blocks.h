/* SPDX-License-Identifier: MIT */
/* The live-block table: blocks that a test has allocated and not freed.
 *
 *     payload --hash--> | 2 | empty | 1 | ...      places
 *                         |           |
 *     blocks   | 0x..40, 24 bytes, pattern | 0x..18 ... |
 *     a bit per granule of the bounds:  1 1 1 0 0 1 1 1 1 0 ...
 *
 * G1: a block's granules are marked, and no others.
 * G2: from its home on, a block's place is found before an empty one.
 *
 * The bits say at once whether a new block overlaps another.  Only a message
 * needs a search for that other block.
 */
#ifndef LABTEST_LIVE_BLOCKS_H
#define LABTEST_LIVE_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct live_block {
    uintptr_t payload;
    size_t bytes;
    uint32_t pattern; /* of the first word */
    uint32_t step;    /* from each word to the next (mixed in) */
    size_t counted;   /* bytes, as the allocator's counters have it */
};

#define LIVE_BLOCKS_MAX (1u << 16)

/* Gives it memory, once. */
void live_blocks_init(void *work, size_t bytes);
/* Empties it; payload may be in [begin, end) only. */
void live_blocks_start(uintptr_t begin, uintptr_t end);

/* The block that was handed out at `payload`; NULL if none is. */
const struct live_block *live_blocks_find(const void *payload);
/* A block that shares a byte with [payload, payload + bytes), or NULL. */
const struct live_block *live_blocks_overlap(uintptr_t payload, size_t bytes);
/* Whether all of it is in the bounds. */
bool live_blocks_within(uintptr_t payload, size_t bytes);
/* Adds a block that is in the bounds and overlaps no other. */
const struct live_block *live_blocks_add(void *payload, size_t bytes);
void live_blocks_remove(const void *payload);
/* All blocks, in no order; NULL to start with, NULL at the end.  None may be
 * added or removed meanwhile. */
const struct live_block *live_blocks_next(const struct live_block *block);

/* From now on a block holds `word` everywhere. */
void live_blocks_use_word(const void *payload, uint32_t word);
/* Stores the size that the counters have for a block. */
void live_blocks_count(const void *payload, size_t bytes);

/* The first fills payload with the block's pattern.  The second returns the
 * first byte from `from` on that differs from it, or `bytes`. */
void live_blocks_fill(const struct live_block *block);
size_t live_blocks_damage(const void *payload, size_t bytes,
                          const struct live_block *pattern);
uint8_t live_blocks_byte(const struct live_block *pattern, size_t offset);

#endif
