/* SPDX-License-Identifier: MIT */
/* Zones: entries, stores, caches, wrong frees. */
#include "harness.h"
#include "model.h"
#include "page_pool.h"

#include <string.h>

TEST(zalloc_rounds_up_to_a_power_of_two)
{
    start_zones();
    for (size_t bytes = 1; bytes <= ZALLOC_BYTES_MAX; bytes++) {
        void *payload = zone_alloc(bytes);
        size_t size = zalloc_size(payload);

        CHECK(is_power_of_two(size));
        CHECK(size >= bytes && size >= 8 && (size < 2 * bytes || size == 8));
        CHECK_EQ((uintptr_t)payload % 8, 0);
    }
    CHECK_SOUND(zalloc_check());
    expect_no_room(&zalloc_backend, ZALLOC_BYTES_MAX + 1, 8);
    expect_no_room(&zalloc_backend, SIZE_MAX, 8);
    expect_no_room(&zalloc_backend, SIZE_MAX - 7, 8);
    expect_no_room(&zalloc_backend, 16, 16);
}

TEST(zalloc_zones_waste_little)
{
    start_zones();
    for (size_t i = 0; i < ENTRY_SIZES; i++) {
        const struct zone_cache *cache = &zalloc_heap.sizes[i];
        size_t zone = cache->zone_pages * PAGE_BYTES;
        size_t entries = cache->zone_entries * cache->entry_bytes;

        CHECK_EQ(cache->entry_bytes, 8u << i);
        CHECK(cache->first_entry + entries <= zone - PAGE_RUN_TAIL);
        CHECK(zone - entries <= zone / 16);
        /* One entry more would not fit, however the bitmap is rounded. */
        CHECK(cache->first_entry + entries + cache->entry_bytes >
              zone - PAGE_RUN_TAIL - 8);
    }
    CHECK_EQ(zalloc_heap.sizes[0].zone_entries, 500);
    CHECK_EQ(zalloc_heap.sizes[7].zone_entries, 15);
    CHECK_EQ(zalloc_heap.sizes[7].zone_pages, 4);
}

/* For each size: fill a zone to its last entry, then one more. */
TEST(zalloc_fills_a_zone_and_takes_another)
{
    for (size_t i = 0; i < ENTRY_SIZES; i++) {
        const struct zone_cache *cache = &zalloc_heap.sizes[i];
        uint8_t *first, *last = NULL;

        start_zones();
        first = zone_alloc(cache->entry_bytes);
        for (size_t n = 1; n < cache->zone_entries; n++)
            last = zone_alloc(cache->entry_bytes);
        CHECK_EQ(cache->zones, 1);
        CHECK_SAME(last,
                   first + (cache->zone_entries - 1) * cache->entry_bytes);
        CHECK(list_is_empty(&cache->open));
        CHECK_SOUND(zalloc_check());
        CHECK(zone_alloc(cache->entry_bytes));
        CHECK_EQ(cache->zones, 2);
        CHECK_SOUND(zalloc_check());
        /* The freed entry is the one that comes next. */
        zone_release(first);
        CHECK_SAME(zone_alloc(cache->entry_bytes), first);
        CHECK_SOUND(zalloc_check());
    }
}

TEST(zalloc_keeps_one_empty_zone)
{
    void *entries[100];
    size_t held;

    start_zones();
    for (int i = 0; i < 100; i++)
        entries[i] = zone_alloc(1000);
    CHECK_EQ(zalloc_heap.zones, 7);
    CHECK_EQ(page_pool.taken_count, 7 * 4 + 1);
    for (int i = 0; i < 100; i++) {
        zone_release(entries[i]);
        CHECK_SOUND(zalloc_check());
    }
    CHECK_EQ(zalloc_heap.zones, 1);
    CHECK_EQ(page_pool.taken_count, 4 + 1);
    /* Allocating and freeing one by turns takes and gives nothing. */
    held = page_pool.taken_count;
    for (int i = 0; i < 10; i++) {
        void *entry = zone_alloc(1000);

        CHECK_EQ(page_pool.taken_count, held);
        zone_release(entry);
        CHECK_EQ(page_pool.taken_count, held);
    }
}

TEST(zalloc_out_of_pages_changes_nothing)
{
    /* No page at all; a page for the zone but none for its store. */
    for (size_t limit = 0; limit < 2; limit++) {
        start_zones();
        page_pool.limit = limit;
        expect_no_room(&zalloc_backend, 8, 8);
        CHECK_EQ(page_pool.taken_count, 0);
        CHECK_EQ(zalloc_heap.zones, 0);
        CHECK_EQ(zalloc_heap.stores, 0);
    }
    start_zones();
    page_pool.limit = 2;
    while (zone_alloc(64))
        continue;
    CHECK_EQ(zalloc_backend.usage->used_blocks,
             zalloc_heap.sizes[3].zone_entries);
    expect_no_room(&zalloc_backend, 64, 8);
    expect_no_room(&zalloc_backend, 8, 8);
}

TEST(zalloc_out_of_pages_for_a_second_store)
{
    start_zones_with(1200);
    for (size_t i = 0; i < STORE_SLOTS; i++)
        for (size_t n = 0; n < zalloc_heap.sizes[5].zone_entries; n++)
            CHECK(zone_alloc(256));
    CHECK_EQ(zalloc_heap.stores, 1);
    CHECK_EQ(zalloc_heap.zones, STORE_SLOTS);
    page_pool.limit = page_pool.taken_count + 1;
    expect_no_room(&zalloc_backend, 256, 8);
    CHECK_EQ(zalloc_heap.stores, 1);
    CHECK_EQ(page_pool.taken_count, STORE_SLOTS + 1);
    page_pool.limit++;
    CHECK(zone_alloc(256));
    CHECK_EQ(zalloc_heap.stores, 2);
    CHECK_SOUND(zalloc_check());
}

TEST(zalloc_resize_is_whether_it_fits)
{
    void *a;

    start_zones();
    a = zone_alloc(40);
    CHECK(zalloc_resize(a, 64));
    CHECK(zalloc_resize(a, 1));
    CHECK(!zalloc_resize(a, 65));
    CHECK(!zalloc_resize(a, SIZE_MAX));
    CHECK_EQ(zalloc_size(a), 64);
}

TEST(zalloc_dedicated_cache_has_exact_entries)
{
    struct zone_cache cache;
    uint8_t *a, *b;
    void *other;
    size_t held;

    start_zones();
    CHECK(!zone_cache_create(&cache, "none", 0));
    CHECK(!zone_cache_create(&cache, "huge", ZALLOC_BYTES_MAX + 1));
    held = page_pool.taken_count;
    CHECK(zone_cache_create(&cache, "inode", 42));
    CHECK_EQ(page_pool.taken_count, held);
    CHECK_EQ(cache.entry_bytes, 48);
    a = zone_cache_alloc(&cache);
    b = zone_cache_alloc(&cache);
    other = zone_alloc(48);
    CHECK_SAME(b, a + 48);
    CHECK_SOUND(zalloc_check());
    expect_refused(&zalloc_backend, a + 8, HEAP_INTERIOR);
    CHECK_EQ(zone_cache_free(&cache, other), HEAP_FOREIGN);
    CHECK_EQ(zone_cache_free(&cache, a), HEAP_OK);
    CHECK_EQ(zone_cache_free(&cache, a), HEAP_ALREADY_FREE);
    CHECK(!zone_cache_destroy(&cache));
    CHECK_SOUND(zalloc_check());
    /* The address is enough, as for any other entry. */
    CHECK_EQ(zalloc_free(b), HEAP_OK);
    CHECK(zone_cache_destroy(&cache));
    CHECK_SOUND(zalloc_check());
    CHECK(zalloc_free(a) == HEAP_FOREIGN);
    zone_release(other);
    CHECK_EQ(page_pool.taken_count, 2); /* a zone of 64, and the store */
}

TEST(zalloc_dedicated_cache_of_each_size)
{
    for (size_t bytes = 1; bytes <= ZALLOC_BYTES_MAX; bytes += 7) {
        struct zone_cache cache;
        uint8_t *payload = NULL;

        start_zones();
        CHECK(zone_cache_create(&cache, "any", bytes));
        for (size_t i = 0; i < cache.zone_entries; i++) {
            payload = zone_cache_alloc(&cache);
            CHECK(payload);
            memset(payload, 0xFF, cache.entry_bytes);
        }
        CHECK_EQ(cache.zones, 1);
        CHECK_SOUND(zalloc_check());
        CHECK(cache.zone_entries * cache.entry_bytes >=
              cache.zone_pages * PAGE_BYTES * 14 / 16);
    }
}

TEST(zalloc_random_run_keeps_its_promises)
{
    struct model model = {
        .backend = &zalloc_backend,
        .start = start_zones,
        .largest_request = ZALLOC_BYTES_MAX,
        .largest_alignment = HEAP_ALIGNMENT,
        .steps = 1500,
    };

    start_zones();
    model.begin = pool_source.begin;
    model.end = pool_source.end;
    model_run(&model, 8);
}

static void start_with_few_pages(void)
{
    start_zones();
    page_pool.limit = 16;
}

TEST(zalloc_random_run_that_runs_out_of_pages)
{
    struct model model = {
        .backend = &zalloc_backend,
        .start = start_with_few_pages,
        .largest_request = ZALLOC_BYTES_MAX,
        .largest_alignment = HEAP_ALIGNMENT,
        .steps = 1500,
    };

    start_zones();
    model.begin = pool_source.begin;
    model.end = pool_source.end;
    model_run(&model, 8);
    CHECK_EQ(zalloc_backend.usage->used_blocks, 0);
    CHECK(zalloc_heap.zones <= ENTRY_SIZES);
}
