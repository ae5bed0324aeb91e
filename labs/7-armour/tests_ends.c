/* SPDX-License-Identifier: MIT */
/* Lab 7: both ends of the arena, blocks at the low end of free memory, and gaps
 * that have changed. */
#include "blocks.h"

#include "tests.h"

#define HEAP_BYTES 65536u

/* -- The ends -------------------------------------------------------------- */

void expect_ends_refused(void)
{
    uintptr_t begin = lab_heap_begin(), end = begin + HEAP_BYTES;
    uint32_t count;

    lab_heap_start(HEAP_BYTES);
    expect_whole(HEAP_BYTES);
    count = fill(1000);
    while (lab_alloc(8))
        continue;
    for (uintptr_t at = begin - 64; at < begin + 64; at += 8)
        lab_free((void *)at);
    for (uintptr_t at = end; at < end + 64; at += 8)
        lab_free((void *)at);
    LAB_EXPECT(lab_free((void *)end) != HEAP_OK, "kfree() of the heap's end");
    LAB_EQUAL(lab_alloc(8), NULL, "8 bytes in a heap that is still full");
    free_all(count);
}

/* -- The low end ----------------------------------------------------------- */

/* A block that had to move when it grew.  Such blocks lie apart from others,
 * at the other end of free memory. */
static void *grown(size_t bytes)
{
    void *block = lab_realloc(expect_block(bytes / 2), bytes);

    LAB_EXPECT(block, "NULL for %zu bytes, in a heap with room", bytes);
    return block;
}

/* All memory can be had, and no byte of it twice: every call looks. */
static void expect_no_byte_twice(size_t bytes)
{
    uint32_t count;

    expect_block(bytes);
    expect_block(bytes);
    count = fill(bytes / 2);
    while (lab_alloc(8))
        continue;
    lab_verify();
    free_all(count);
}

/* Two blocks beside free memory, the one after the other: when both are freed,
 * all is one run.  `between` others are freed in between. */
static void expect_low_end_joined(size_t bytes, uint32_t between)
{
    void *first, *second, *apart[2];

    lab_heap_start(HEAP_BYTES);
    apart[0] = expect_block(bytes / 4);
    expect_block(bytes / 4);
    apart[1] = expect_block(bytes / 4);
    expect_block(bytes / 4);
    first = grown(bytes);
    second = grown(bytes);
    lab_free(first);
    for (uint32_t i = 0; i < between; i++)
        lab_free(apart[i]);
    lab_free(second);
    lab_expect_sound();
    expect_no_byte_twice(bytes);
}

void expect_low_end(void)
{
    for (size_t bytes = 1600; bytes <= 6400; bytes *= 2) {
        for (uint32_t between = 0; between < 3; between++)
            expect_low_end_joined(bytes, between);
    }
}

/* -- A stale hint ---------------------------------------------------------- */

/* In a small heap, where no freed block waits for its size.  A gap of 5
 * granules at `gap` is used, freed, and joined with what was before it.  So a
 * note of that gap, if the allocator kept one, leads into the middle of a
 * longer gap.  Small blocks are then cut off that longer gap, up to the same
 * place.  The next block of 5 granules may lie anywhere, but no byte of the gap
 * may serve twice. */
void expect_old_gaps_asked(void)
{
    void *above, *gap, *before, *far, *farther;

    lab_heap_start(4096);
    above = expect_block(80);
    gap = expect_block(14 * 8);
    before = expect_block(9 * 8);
    expect_block(96);
    far = expect_block(30 * 8);
    expect_block(80);
    farther = expect_block(40 * 8);
    expect_block(80);
    lab_free(gap);
    lab_free(far);
    lab_free(expect_block(9 * 8));
    lab_free(before);
    lab_free(farther);
    expect_block(8 * 8);
    expect_block(8);
    for (size_t granules = 5; granules < 9; granules++)
        expect_block(granules * 8);
    lab_free(above);
    while (lab_alloc(8))
        continue;
    lab_verify();
}
