/* SPDX-License-Identifier: MIT */
/* Hidden tests of lab 4: what the lab's own tests cover, in another order and
 * with other figures, for who has written to the tests. */
#include "labtest/test.h"

#define MOST 600u

static void *blocks[MOST];

/* One size for the even blocks and one for the odd ones: whichever of its gaps
 * an allocator takes first, all of them are needed and all of them serve. */
static size_t bytes_of(uint32_t i)
{
    return i % 2 == 0 ? 328 : 76;
}

static void expect_filled(uint32_t i)
{
    blocks[i] = lab_alloc(bytes_of(i));
    LAB_EXPECT(blocks[i], "NULL for %zu bytes, which were free before",
               bytes_of(i));
}

/* Every other block comes and goes three times; then each of its gaps has to
 * serve it once more, for there is no other room. */
static void test_gaps(void)
{
    uint32_t count = 0;

    lab_heap_start(65536);
    while (count < MOST && (blocks[count] = lab_alloc(bytes_of(count))) != NULL)
        count++;
    LAB_EXPECT(count > 150 && count < MOST, "%u blocks fit 64 KiB", count);
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = round % 2; i < count; i += 2)
            lab_free(blocks[i]);
        lab_verify();
        for (uint32_t i = round % 2; i < count; i += 2)
            expect_filled(i);
    }
    for (uint32_t i = count; i > 0; i--)
        lab_free(blocks[i - 1]);
    LAB_EXPECT(lab_alloc(65536 - 64), "not all is in one piece in the end");
}

static void test_counted(void)
{
    lab_replay("make-help", 60);
}

static const struct lab_test tests[] = {
    { "hidden-gaps", 5, "Gaps between used blocks serve the same sizes again.",
      "Does a hole that fits exactly get lost, or a rest of it?", "reuse",
      test_gaps },
    { "hidden-trace", 5, "A trace that only staff has.",
      "Memory is lost, or lies in pieces: look at make replay and at the map.",
      "coalesce", test_counted },
};

const struct lab hidden_malloc = { "malloc", "paging", tests,
                                   sizeof tests / sizeof *tests };
