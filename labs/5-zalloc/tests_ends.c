/* SPDX-License-Identifier: MIT */
/* Lab 5: zones that are full to the last entry, and dedicated caches. */
#include "labtest/test.h"

#include "lib/string.h"
#include "mm/zalloc/zalloc_zone.h"

void expect_full_zones(void);
void test_zone_caches(void);

/* Pages of a zone that is at least as long as 16 entries. */
static size_t pages_of_zone(size_t size)
{
    return bytes_to_pages(ZONE_ROOM_ENTRIES * size);
}

/* The entries of a zone, after a zone's header and one bit for each entry. */
static uint32_t entries_that_fit(size_t size)
{
    uint32_t count = 0;

    while (align_up(sizeof(struct zone) +
                        bitmap_word_count(count + 1) * sizeof(uint32_t),
                    HEAP_ALIGNMENT) +
               (count + 1) * size <=
           pages_of_zone(size) * PAGE_BYTES - PAGE_RUN_TAIL)
        count++;
    return count;
}

/* A zone holds as many entries as there is room for. */
void expect_full_zones(void)
{
    for (size_t size = 8; size <= ZALLOC_BYTES_MAX; size += 8) {
        static struct zone_cache cache;
        uint32_t count = 0, most = entries_that_fit(size);

        lab_zones_start(64);
        LAB_EXPECT(lab_cache_create(&cache, "dense", size), "no cache");
        while (count < most && lab_cache_alloc(&cache))
            count++;
        LAB_EQUAL(count, most, "entries that the first zone holds");
        LAB_EXPECT(lab_zone_pages() <= pages_of_zone(size) + 1,
                   "%u entries of %zu bytes fit a zone, and take two", most,
                   size);
    }
}

/* A cache that never had a zone, while there is no other zone. */
static void expect_unused_cache_gone(void)
{
    static struct zone_cache unused;

    lab_zones_start(64);
    LAB_EXPECT(lab_cache_create(&unused, "unused", 40), "no cache of 40 bytes");
    LAB_EQUAL(lab_cache_destroy(&unused), true, "destroying an unused cache");
    memset(&unused, 0xA5, sizeof unused); /* it is the caller's again */
    lab_expect_sound();
    LAB_EXPECT(lab_cache_create(&unused, "again", 48) &&
                   lab_cache_alloc(&unused),
               "nothing from a cache made again");
}

/* Pages of a cache's own zones. */
void test_zone_caches(void)
{
    static struct zone_cache pairs, others;
    static void *entries[400];
    void *other, *entry = NULL;
    size_t pages;

    expect_unused_cache_gone();
    lab_zones_start(64);
    LAB_EQUAL(lab_cache_create(&pairs, "none", 0), false, "entries of 0 bytes");
    LAB_EQUAL(lab_cache_create(&pairs, "large", 1025), false,
              "entries of 1025 bytes");
    LAB_EXPECT(lab_cache_create(&pairs, "pairs", 40) &&
                   lab_cache_create(&others, "others", 40),
               "no cache of 40 bytes");
    for (uint32_t i = 0; i < 400; i++) {
        entry = lab_cache_alloc(&pairs);
        entries[i] = entry;
        LAB_EXPECT(entry, "NULL from a cache, with pages to be had");
    }
    /* 100 entries of 40 bytes a page; of 64 bytes it would be 63. */
    LAB_EXPECT(lab_zone_pages() <= 5 + 1,
               "400 entries of 40 bytes take %zu pages", lab_zone_pages());
    LAB_EQUAL(lab_size(entry), 40, "the size of an entry");
    other = lab_cache_alloc(&others);
    LAB_EXPECT(other, "NULL from a second cache");
    LAB_EQUAL(lab_cache_free(&pairs, other), HEAP_FOREIGN,
              "an entry of another cache");
    LAB_EQUAL(lab_cache_destroy(&pairs), false, "destroying a cache in use");
    for (uint32_t i = 1; i < 400; i++)
        LAB_EQUAL(lab_cache_free(&pairs, entries[i]), HEAP_OK, "freeing");
    LAB_EQUAL(lab_cache_free(&pairs, entries[7]), HEAP_ALREADY_FREE,
              "freeing an entry again");
    LAB_EQUAL(lab_cache_free(&pairs, (uint8_t *)entries[0] + 8), HEAP_INTERIOR,
              "freeing an address inside an entry");
    LAB_EQUAL(lab_cache_free(&pairs, (uint8_t *)entries[0] + 1),
              HEAP_MISALIGNED, "freeing an odd address");
    LAB_EQUAL(lab_cache_destroy(&pairs), false,
              "destroying a cache with one entry in use");
    LAB_EQUAL(lab_free(entries[0]), HEAP_OK, "kfree() of a cache's entry");
    pages = lab_zone_pages();
    LAB_EQUAL(lab_cache_destroy(&pairs), true, "destroying an empty cache");
    memset(&pairs, 0xA5, sizeof pairs); /* it is the caller's again */
    LAB_EQUAL(lab_zone_pages(), pages - 1, "pages after that");
    lab_expect_sound();
    LAB_EQUAL(lab_cache_free(&others, other), HEAP_OK, "freeing");
    LAB_EXPECT(lab_cache_create(&pairs, "again", 48) && lab_cache_alloc(&pairs),
               "nothing from a cache made again");
}
