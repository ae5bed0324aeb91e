/* SPDX-License-Identifier: MIT */
/* Lab 7: both ends of the arena, blocks at the low end of free memory, and
 * gaps that are found at once. */
#include "blocks.h"

#include "tests_ends.h"

#define HEAP_BYTES 65536u

/* -- The ends ---------------------------------------------------------------- */

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

/* -- The low end ------------------------------------------------------------- */

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

/* -- Gaps -------------------------------------------------------------------- */

/* In a full heap with gaps of the size that is wanted, the next three blocks
 * take one each.  None of them may need a look at the whole heap. */
void expect_gaps_found(void)
{
    const size_t bytes = 400;
    uint64_t few;
    uint32_t count;

    lab_heap_start(HEAP_BYTES);
    few = lab_work_of(bytes);
    count = fill(bytes);
    while (lab_alloc(8))
        continue;
    for (uint32_t i = 4; i < 40; i += 4)
        lab_free(blocks[i]);
    for (uint32_t i = 4; i < 16; i += 4) {
        uint64_t work = lab_work_of(bytes);

        LAB_EXPECT(work < 4 * few,
                   "a gap of that size takes %u to find, an empty heap %u",
                   (unsigned)work, (unsigned)few);
        blocks[i] = expect_block(bytes);
    }
    for (uint32_t i = 16; i < 40; i += 4)
        blocks[i] = expect_block(bytes);
    free_all(count);
}

/* Three neighbours in a full heap, freed in any order, serve a block of three
 * times the size at once.  An allocator that joins them only when memory is
 * full gives that block too, but it looks at the whole heap first. */
static void expect_joined_at_once(uint32_t first, uint32_t second)
{
    const size_t bytes = 400;
    void *three[3];
    uint64_t few, many;
    uint32_t count;

    lab_heap_start(65536);
    few = lab_work_of(3 * bytes);
    expect_three(three, bytes);
    count = fill(bytes);
    while (lab_alloc(8))
        continue;
    lab_free(three[first]);
    lab_free(three[second]);
    lab_free(three[3 - first - second]);
    many = lab_work_of(3 * bytes);
    LAB_EXPECT(many < 4 * few,
               "three free neighbours: a block of all takes %u, and %u in an "
               "empty heap",
               (unsigned)many, (unsigned)few);
    free_all(count);
}

void expect_all_joined_at_once(void)
{
    for (uint32_t i = 0; i < 6; i++)
        expect_joined_at_once(i % 3, (i % 3 + 1 + i / 3) % 3);
}
