/* SPDX-License-Identifier: MIT */
/* Hidden tests of lab 7: what the lab's own tests cover, in another order and
 * with other figures, for who has written to the tests. */
#include "labtest/test.h"
#include "lib/random.h"

#define MOST 90u

static void *blocks[MOST];

/* One byte, somewhere in the first eight of every other block after it was
 * freed: a link that leads to another place, but may well lead to a block. */
static void damage(struct random *dice)
{
    for (uint32_t i = 0; i < MOST; i++) {
        blocks[i] = lab_alloc(1 + random_below(dice, 700));
        LAB_EXPECT(blocks[i], "NULL in a heap with room");
    }
    for (uint32_t i = 0; i < MOST; i += 2)
        lab_free(blocks[i]);
    for (uint32_t i = 0; i < MOST; i += 2) {
        lab_stray((uintptr_t)blocks[i] + random_below(dice, 8), 1,
                  (uint8_t)random_below(dice, 256));
        blocks[i] = NULL;
    }
}

static void test_bytes(void)
{
    static const struct lab_stress busy = { 300, 1000, 64, true, true };
    struct random dice;

    random_seed(&dice, lab_seed());
    for (uint32_t round = 0; round < 12; round++) {
        lab_heap_start(65536);
        damage(&dice);
        for (uint32_t i = 0; i < MOST; i += 4)
            blocks[i] = lab_alloc(1 + random_below(&dice, 900));
        lab_stress(&busy);
        for (uint32_t i = MOST; i > 0; i--)
            lab_free(blocks[i - 1]);
        LAB_EXPECT(lab_alloc(65536 - 65536 / 16 - 2048),
                   "not all is in one piece in the end");
    }
}

static void test_counted(void)
{
    lab_replay("make-help", 80);
}

static const struct lab_test tests[] = {
    { "hidden-bytes", 5, "Single bytes in freed blocks change no later answer.",
      "A link may lead to a free block, and yet be wrong.", "after-free",
      test_bytes },
    { "hidden-trace", 5, "A trace that only staff has, in 5/4 of its peak.",
      "Memory is lost, or lies in pieces: look at make replay and at the map.",
      "coalesce", test_counted },
};

const struct lab hidden_armour = { "armour", "paging", tests,
                                   sizeof tests / sizeof *tests };
