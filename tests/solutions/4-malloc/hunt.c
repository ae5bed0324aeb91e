/* SPDX-License-Identifier: MIT */
/* What a student may write into labs/4-malloc/hunt.c: ten of the twelve wrong
 * allocators at least are told apart (tests/test_hunt.py). */
#include "labtest/test.h"

static void test_free(void)
{
    void *three[3];

    for (unsigned first = 0; first < 3; first++) {
        lab_heap_start(65536);
        lab_count_usage();
        for (unsigned i = 0; i < 3; i++)
            three[i] = lab_alloc(20001);
        lab_free(three[first]);
        LAB_EQUAL(lab_free(three[first]), HEAP_ALREADY_FREE, "a second kfree");
        lab_free(three[(first + 1) % 3]);
        lab_free(three[(first + 2) % 3]);
        LAB_EXPECT(lab_alloc(60000), "what is free is not one piece");
    }
}

static void test_fit(void)
{
    void *hole;

    lab_heap_start(8192);
    hole = lab_alloc(104);
    lab_alloc(8);
    while (lab_alloc(1000))
        continue;
    while (lab_alloc(8))
        continue;
    lab_free(hole);
    LAB_EXPECT(lab_alloc(104) == hole, "the only hole is not used");
    lab_heap_start(8192);
    lab_count_usage();
    for (size_t alignment = 16; alignment <= 2048; alignment *= 2)
        lab_free(lab_alloc_aligned(24, alignment));
    LAB_EXPECT(!lab_alloc(HEAP_REQUEST_MAX), "nearly 4 GiB");
    LAB_EXPECT(lab_alloc(8000), "padding is lost");
}

static void test_resize(void)
{
    void *a, *b, *c;

    lab_heap_start(8192);
    lab_count_usage();
    a = lab_alloc(1000);
    b = lab_alloc(1000);
    c = lab_alloc(5500);
    lab_free(b);
    LAB_EXPECT(!lab_realloc(a, 4000), "4000 bytes with 2000 free");
    LAB_EXPECT(lab_alloc(1000) == b, "the block behind is gone");
    lab_free(c);
}

static const struct lab_test tests[] = {
    { .name = "free",
      .what = "Frees in two orders leave one piece.",
      .hint = "",
      .run = test_free },
    { .name = "fit",
      .what = "A hole that fits exactly; alignment; no room.",
      .hint = "",
      .run = test_fit },
    { .name = "resize",
      .what = "A resize that fails changes nothing.",
      .hint = "",
      .run = test_resize },
};

const struct lab lab_malloc = { "malloc", "paging", tests,
                                sizeof tests / sizeof *tests };
