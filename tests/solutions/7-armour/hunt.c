/* SPDX-License-Identifier: MIT */
/* What a student may write into labs/7-armour/hunt.c: ten of the twelve wrong
 * allocators at least are told apart (tests/test_hunt.py). */
#include "labtest/test.h"

static void test_frees(void)
{
    uint8_t *a, *b, *c;

    lab_heap_start(65536);
    a = lab_alloc(2000);
    b = lab_alloc(2000);
    c = lab_alloc(2000);
    LAB_EXPECT(a && b && c, "NULL for 2000 bytes");
    LAB_EQUAL(lab_free(b), HEAP_OK, "kfree(b)");
    LAB_EQUAL(lab_free(b), HEAP_ALREADY_FREE, "kfree(b), again");
    for (size_t at = 8; at < 2000; at *= 2)
        LAB_EQUAL(lab_free(a + at), HEAP_INTERIOR, "kfree() inside of a");
    lab_free(a);
    lab_free(c);
    LAB_EXPECT(lab_alloc(58000), "all is free, but not in one piece");
    lab_heap_start(8192);
    LAB_EXPECT(lab_alloc(5000), "NULL for 5000 bytes of 8192");
    for (size_t bytes = 200; bytes < 230; bytes += 8) {
        lab_heap_start(bytes);
        while (lab_alloc(1))
            continue;
    }
}

static void test_mixed(void)
{
    static void *blocks[100];

    lab_heap_start(65536);
    for (unsigned i = 0; i < 60; i++)
        LAB_EXPECT(blocks[i] = lab_alloc(1 + i * 37 % 1100), "NULL");
    for (unsigned i = 0; i < 60; i++)
        LAB_EXPECT(lab_size(blocks[i]) < 1 + i * 37 % 1100 + 16, "too long");
    for (unsigned i = 0; i < 60; i += 2)
        lab_free(blocks[i * 7 % 60]);
    for (unsigned i = 0; i < 20; i++)
        blocks[60 + i] = lab_alloc(700);
    for (unsigned i = 0; i < 80; i++) {
        if (i >= 60 || i * 43 % 60 % 2 != 0)
            lab_free(blocks[i]);
    }
    lab_verify();
}

static void test_resize(void)
{
    void *a, *b;

    lab_heap_start(65536);
    a = lab_alloc(30000);
    b = lab_alloc(20000);
    LAB_EQUAL(lab_realloc(a, 1000), a, "30000 bytes made 1000");
    LAB_EXPECT(lab_alloc(28000), "what was cut off is not free");
    lab_free(b);
}

static const struct lab_test tests[] = {
    { .name = "frees",
      .what = "Right and wrong frees.",
      .hint = "",
      .run = test_frees },
    { .name = "mixed",
      .what = "Blocks of many sizes, in another order.",
      .hint = "",
      .run = test_mixed },
    { .name = "resize",
      .what = "Blocks that shrink.",
      .hint = "",
      .run = test_resize },
};

const struct lab lab_armour = { "armour", "paging", tests,
                                sizeof tests / sizeof *tests };
