/* SPDX-License-Identifier: MIT */
/* What a student may write into labs/6-spans/hunt.c: ten of the twelve wrong
 * allocators at least are told apart (tests/test_hunt.py). */
#include "labtest/test.h"

static void test_gap(void)
{
    static void *spans[120];
    unsigned count = 0;

    lab_zones_start(8);
    lab_zone_limit(1);
    while ((spans[count] = lab_alloc(80)))
        count++;
    while (lab_alloc(8))
        continue;
    lab_free(spans[11]);
    LAB_EQUAL(lab_realloc(spans[10], 120), spans[10], "80 bytes made 120");
    LAB_EXPECT(lab_alloc(40), "no 40 bytes where 40 are left");
    LAB_EXPECT(!lab_alloc(8), "8 bytes more");
    LAB_EQUAL(lab_realloc(spans[10], 50), spans[10], "120 bytes made 50");
    LAB_EXPECT(lab_alloc(64), "no 64 bytes where 64 are left");
    for (unsigned i = 0; i < 3; i++)
        lab_free(spans[20 - i]);
    LAB_EXPECT(lab_alloc(240), "three neighbours do not make one");
    for (unsigned i = 0; i < 3; i++)
        lab_free(spans[22 + i]);
    LAB_EXPECT(lab_alloc(240), "three neighbours do not make one");
}

static void test_misuse(void)
{
    uint8_t *a, *b;

    lab_zones_start(64);
    a = lab_alloc(60);
    b = lab_alloc(600);
    LAB_EQUAL(lab_free(a), HEAP_OK, "kfree(a)");
    LAB_EQUAL(lab_free(a), HEAP_ALREADY_FREE, "kfree(a), again");
    LAB_EQUAL(lab_free(b + 4), HEAP_MISALIGNED, "kfree(b + 4)");
    LAB_EQUAL(lab_free(b + 32), HEAP_INTERIOR, "kfree(b + 32)");
    LAB_EQUAL(lab_free(b + 8), HEAP_INTERIOR, "kfree(b + 8)");
}

static void test_zones(void)
{
    void *span;
    size_t pages;

    lab_zones_start(64);
    lab_zone_limit(0);
    LAB_EXPECT(!lab_alloc(8), "8 bytes without a page");
    lab_zone_limit(64);
    span = lab_alloc(500);
    pages = lab_zone_pages();
    lab_free(span);
    LAB_EQUAL(lab_zone_pages(), pages, "pages after the only span is freed");
    for (size_t bytes = 8; bytes <= 1024; bytes += 8)
        LAB_EXPECT(lab_alloc(bytes), "NULL for %zu bytes", bytes);
    lab_verify();
}

static const struct lab_test tests[] = {
    { .name = "gap",
      .what = "A gap is used to the last granule.",
      .hint = "",
      .run = test_gap },
    { .name = "misuse",
      .what = "Wrong frees.",
      .hint = "",
      .run = test_misuse },
    { .name = "zones",
      .what = "Zones come and go; every size.",
      .hint = "",
      .run = test_zones },
};

const struct lab lab_spans = { "spans", "paging", tests,
                               sizeof tests / sizeof *tests };
