/* SPDX-License-Identifier: MIT */
/* Lab 7: the work of a call does not grow with the length of a block, nor with
 * the number of blocks. */
#include "blocks.h"

#include "tests.h"

#define HEAP_BYTES 65536u

/* What the dearest takes, of blocks of `bytes` to half a megabyte.  Each is
 * `halves` halves as long as the one before. */
static uint64_t dearest(size_t bytes, uint32_t halves)
{
    uint64_t most = 0;

    for (; bytes <= 512 * 1024; bytes = bytes * halves / 2) {
        uint64_t work = lab_work_of(bytes);

        most = work > most ? work : most;
    }
    return most;
}

/* Blocks of 2048 bytes, of twice as many, and so on.  All of them begin and end
 * at the same bit of a word of the maps, so that a loop over the bits of a word
 * takes the same time for each. */
static void expect_length_costs_nothing(void)
{
    uint64_t small = lab_work_of(2048), most = dearest(2048, 4);

    LAB_EXPECT(most < 2 * small, "2048 bytes take %u, a longer block %u",
               (unsigned)small, (unsigned)most);
}

void expect_work_bounded(void)
{
    uint64_t few, many;

    lab_heap_start(LAB_HEAP_BYTES);
    for (uint32_t i = 0; i < 10; i++)
        blocks[i] = expect_block(100 + i % 40 * 8);
    expect_length_costs_nothing();
    few = dearest(200, 3);
    for (uint32_t i = 10; i < 4000; i++)
        blocks[i] = expect_block(100 + i % 40 * 8);
    for (uint32_t i = 0; i < 4000; i += 2)
        lab_free(blocks[i]);
    many = dearest(200, 3);
    LAB_EXPECT(many < 4 * few, "with 2000 holes it takes %u, with none %u",
               (unsigned)many, (unsigned)few);
}

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
