/* SPDX-License-Identifier: MIT */
/* What a student may write into labs/5-zalloc/hunt.c: ten of the twelve wrong
 * allocators at least are told apart (tests/test_hunt.py). */
#include "labtest/test.h"

static void test_entries(void)
{
    void *entries[40];

    lab_zones_start(64);
    lab_count_usage();
    for (size_t bytes = 8; bytes <= 1024; bytes *= 2)
        LAB_EQUAL(lab_size(lab_alloc(bytes)), bytes, "the size of an entry");
    for (unsigned i = 0; i < 40; i++)
        LAB_EXPECT(entries[i] = lab_alloc(256), "NULL for 256 bytes");
    LAB_EXPECT(lab_zone_pages() <= 8 + 6 + 3, "too many pages");
    for (unsigned i = 1; i < 40; i += 2)
        lab_free(entries[i]);
    for (unsigned i = 1; i < 40; i += 2)
        entries[i] = lab_alloc(256);
    LAB_EXPECT(lab_zone_pages() <= 8 + 6 + 3, "too many pages");
    lab_verify();
}

static void test_back(void)
{
    static void *entries[40];
    size_t pages;

    lab_zones_start(64);
    entries[0] = lab_alloc(1024);
    pages = lab_zone_pages();
    lab_free(entries[0]);
    LAB_EQUAL(lab_zone_pages(), pages, "pages after the only entry is freed");
    for (unsigned i = 0; i < 40; i++)
        entries[i] = lab_alloc(1024);
    for (unsigned i = 0; i < 40; i++)
        lab_free(entries[i]);
    LAB_EQUAL(lab_zone_pages(), pages, "pages when all is free");
}

static void test_misuse(void)
{
    static struct zone_cache cache;
    uint8_t *a, *b;

    lab_zones_start(64);
    lab_count_usage();
    a = lab_alloc(64);
    b = lab_alloc(64);
    LAB_EQUAL(lab_free(a), HEAP_OK, "kfree(a)");
    LAB_EQUAL(lab_free(a), HEAP_ALREADY_FREE, "kfree(a), again");
    LAB_EQUAL(lab_free(b + 16), HEAP_INTERIOR, "kfree(b + 16)");
    lab_zones_start(64);
    lab_cache_create(&cache, "mine", 40);
    a = lab_cache_alloc(&cache);
    LAB_EQUAL(lab_cache_destroy(&cache), false, "a cache in use");
    LAB_EQUAL(lab_cache_free(&cache, a), HEAP_OK, "zone_cache_free()");
    LAB_EQUAL(lab_cache_destroy(&cache), true, "a cache that is empty");
    LAB_EXPECT(lab_zone_pages() <= 1, "pages of a cache that is gone");
}

static const struct lab_test tests[] = {
    { .name = "entries",
      .what = "Sizes, a full zone, and zones that go.",
      .hint = "",
      .run = test_entries },
    { .name = "back",
      .what = "Pages go back, but not the last ones.",
      .hint = "",
      .run = test_back },
    { .name = "misuse",
      .what = "Wrong frees, and caches.",
      .hint = "",
      .run = test_misuse },
};

const struct lab lab_zalloc = { "zalloc", "paging", tests,
                                sizeof tests / sizeof *tests };
