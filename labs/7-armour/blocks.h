/* SPDX-License-Identifier: MIT */
/* Lab 7's tests take blocks and give them back, and look whether all is one
 * piece again. */
#ifndef LABS_ARMOUR_BLOCKS_H
#define LABS_ARMOUR_BLOCKS_H

#include "labtest/test.h"

#define MOST 4096u

static void *blocks[MOST];

/* What is left for payload, at least: a sixteenth may go to bookkeeping, and
 * 2 KiB for what does not grow with the heap. */
static inline size_t payload_of(size_t heap_bytes)
{
    return align_down(heap_bytes - heap_bytes / 16 - 2048, HEAP_ALIGNMENT);
}

static inline void *expect_block(size_t bytes)
{
    void *payload = lab_alloc(bytes);

    LAB_EXPECT(payload, "NULL for %zu bytes, in a heap with room", bytes);
    return payload;
}

/* All free memory lies in one piece again. */
static inline void expect_whole(size_t heap_bytes)
{
    size_t bytes = payload_of(heap_bytes);
    void *payload;

    LAB_EQUAL(heap_stats().usage.used_blocks, 0, "blocks in use");
    LAB_EQUAL(heap_stats().usage.used_bytes, 0, "bytes in use");
    payload = lab_alloc(bytes);
    LAB_EXPECT(payload,
               "all is free, but not in one piece: NULL for %zu bytes of %zu",
               bytes, heap_bytes);
    lab_free(payload);
}

/* Blocks of `bytes` until there is no room; at most MOST. */
static inline uint32_t fill(size_t bytes)
{
    uint32_t count = 0;

    while (count < MOST && (blocks[count] = lab_alloc(bytes)) != NULL)
        count++;
    return count;
}

static inline void free_all(uint32_t count)
{
    while (count > 0)
        lab_free(blocks[--count]);
}

/* Three blocks, whatever the order in which they are laid out, by address. */
static inline void expect_three(void *three[3], size_t bytes)
{
    lab_heap_start(65536);
    for (size_t i = 0; i < 3; i++) {
        void *block = expect_block(bytes);
        size_t at = i;

        for (; at > 0 && three[at - 1] > block; at--)
            three[at] = three[at - 1];
        three[at] = block;
    }
}

#endif
