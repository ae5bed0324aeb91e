/* SPDX-License-Identifier: MIT */
/* What a student may write into labs/3-heap/hunt.c: ten of the twelve wrong
 * allocators at least are told apart (tests/test_hunt.py). */
#include "labtest/test.h"

static void test_blocks(void)
{
    uint8_t *a, *b, *c;
    static uint64_t elsewhere[2];

    lab_heap_start(4096);
    a = lab_alloc(50);
    LAB_EXPECT(lab_size(a) >= 50 && lab_size(a) < 66, "size %zu of 50 bytes",
               lab_size(a));
    b = lab_alloc_aligned(20, 256);
    c = lab_alloc(64);
    LAB_EQUAL(lab_free(elsewhere), HEAP_FOREIGN, "kfree() of no heap");
    LAB_EQUAL(lab_free(c + 16), HEAP_INTERIOR, "kfree() inside of a block");
    LAB_EQUAL(lab_free(b), HEAP_OK, "kfree(b)");
    LAB_EQUAL(lab_free(b), HEAP_ALREADY_FREE, "kfree(b), again");
    LAB_EQUAL(heap_stats().usage.used_blocks, 2, "blocks in use");
    LAB_EXPECT(lab_alloc(30), "NULL for 30 bytes");
    LAB_EXPECT(!lab_realloc(a, 8192), "8192 bytes in a heap of 4096");
    lab_verify();
}

static void test_full(void)
{
    void *first, *last;

    lab_heap_start(4096);
    first = lab_alloc(8);
    LAB_EXPECT(!lab_alloc(HEAP_REQUEST_MAX), "nearly 4 GiB");
    LAB_EXPECT(!lab_alloc_aligned(8, 1u << 31), "at a multiple of 2 GiB");
    LAB_EXPECT(!lab_alloc_aligned(5000, 64), "5000 bytes in 4096");
    last = lab_alloc(8);
    LAB_EXPECT((uintptr_t)last - (uintptr_t)first < 32, "a hole after NULL");
    while (lab_alloc(100))
        continue;
    while (lab_alloc(8))
        continue;
    lab_verify();
    lab_heap_start(64);
    while (lab_alloc_aligned(8, 32))
        continue;
    while (lab_alloc(1))
        continue;
}

static const struct lab_test tests[] = {
    { .name = "blocks",
      .what = "Aligned blocks, frees, counters.",
      .hint = "",
      .run = test_blocks },
    { .name = "full",
      .what = "A heap that is full, and requests that do not fit.",
      .hint = "",
      .run = test_full },
};

const struct lab lab_heap = { "heap", "paging", tests,
                              sizeof tests / sizeof *tests };
