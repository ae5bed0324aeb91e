/* SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "harness.h"
#include "model.h"

#include "lib/random.h"
#include "mm/zalloc.h"
#include "mm/zalloc_zone.h"

#include <string.h>
#include <sys/mman.h>

/* A page source of the tests' own: runs out of a mapping, first fit by a byte
 * a page, with a limit that makes it run dry. */
static struct {
    uint8_t *memory;
    size_t pages;
    uint8_t *taken;
    size_t taken_count;
    size_t limit; /* pages */
    size_t search_from;
} pool;

static struct page_source source;

static bool is_free_run(size_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (pool.taken[first + i])
            return false;
    }
    return true;
}

static void *pool_take(size_t count)
{
    if (pool.taken_count + count > pool.limit)
        return NULL;
    for (size_t at = pool.search_from; at + count <= pool.pages; at++) {
        if (!is_free_run(at, count))
            continue;
        memset(pool.taken + at, 1, count);
        pool.taken_count += count;
        if (count == 1)
            pool.search_from = at + 1;
        memset(pool.memory + at * PAGE_BYTES, 0xEE,
               count * PAGE_BYTES - PAGE_RUN_TAIL);
        memset(pool.memory + (at + count) * PAGE_BYTES - PAGE_RUN_TAIL, 0x77,
               PAGE_RUN_TAIL);
        return pool.memory + at * PAGE_BYTES;
    }
    return NULL;
}

static void pool_give(void *first, size_t count)
{
    size_t at = (size_t)((uint8_t *)first - pool.memory) / PAGE_BYTES;
    uint8_t *tail = pool.memory + (at + count) * PAGE_BYTES - PAGE_RUN_TAIL;

    CHECK_EQ((uintptr_t)first % PAGE_BYTES, 0);
    for (size_t i = 0; i < count; i++)
        CHECK_EQ(pool.taken[at + i], 1);
    for (size_t i = 0; i < PAGE_RUN_TAIL; i++)
        CHECK_EQ(tail[i], 0x77);
    memset(pool.taken + at, 0, count);
    pool.taken_count -= count;
    if (at < pool.search_from)
        pool.search_from = at;
}

static void *map(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(memory != MAP_FAILED);
    return memory;
}

static void start_with(size_t pages)
{
    if (pool.pages < pages) {
        pool.memory = map(pages * PAGE_BYTES);
        pool.taken = map(pages);
        source = (struct page_source){
            .begin = (uintptr_t)pool.memory,
            .end = (uintptr_t)pool.memory + pages * PAGE_BYTES,
            .take = pool_take,
            .give = pool_give,
            .page_map = map(pages),
        };
        pool.pages = pages;
    }
    memset(pool.taken, 0, pool.pages);
    pool.taken_count = 0;
    pool.search_from = 0;
    pool.limit = pool.pages;
    CHECK_EQ(zalloc_init(&source), STAGE_OK);
}

static void start(void)
{
    start_with(512);
}

static void *alloc(size_t bytes)
{
    return zalloc_alloc(bytes, HEAP_ALIGNMENT);
}

static void release(void *payload)
{
    CHECK_EQ(zalloc_free(payload), HEAP_OK);
}

TEST(zalloc_rounds_up_to_a_power_of_two)
{
    start();
    for (size_t bytes = 1; bytes <= ZALLOC_BYTES_MAX; bytes++) {
        void *payload = alloc(bytes);
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
    start();
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

        start();
        first = alloc(cache->entry_bytes);
        for (size_t n = 1; n < cache->zone_entries; n++)
            last = alloc(cache->entry_bytes);
        CHECK_EQ(cache->zones, 1);
        CHECK_SAME(last,
                   first + (cache->zone_entries - 1) * cache->entry_bytes);
        CHECK(list_is_empty(&cache->open));
        CHECK_SOUND(zalloc_check());
        CHECK(alloc(cache->entry_bytes));
        CHECK_EQ(cache->zones, 2);
        CHECK_SOUND(zalloc_check());
        /* The freed entry is the one that comes next. */
        release(first);
        CHECK_SAME(alloc(cache->entry_bytes), first);
        CHECK_SOUND(zalloc_check());
    }
}

TEST(zalloc_keeps_one_empty_zone)
{
    void *entries[100];
    size_t held;

    start();
    for (int i = 0; i < 100; i++)
        entries[i] = alloc(1000);
    CHECK_EQ(zalloc_heap.zones, 7);
    CHECK_EQ(pool.taken_count, 7 * 4 + 1);
    for (int i = 0; i < 100; i++) {
        release(entries[i]);
        CHECK_SOUND(zalloc_check());
    }
    CHECK_EQ(zalloc_heap.zones, 1);
    CHECK_EQ(pool.taken_count, 4 + 1);
    /* Allocating and freeing one by turns takes and gives nothing. */
    held = pool.taken_count;
    for (int i = 0; i < 10; i++) {
        void *entry = alloc(1000);

        CHECK_EQ(pool.taken_count, held);
        release(entry);
        CHECK_EQ(pool.taken_count, held);
    }
}

TEST(zalloc_out_of_pages_changes_nothing)
{
    /* No page at all; a page for the zone but none for its store. */
    for (size_t limit = 0; limit < 2; limit++) {
        start();
        pool.limit = limit;
        expect_no_room(&zalloc_backend, 8, 8);
        CHECK_EQ(pool.taken_count, 0);
        CHECK_EQ(zalloc_heap.zones, 0);
        CHECK_EQ(zalloc_heap.stores, 0);
    }
    start();
    pool.limit = 2;
    while (alloc(64))
        continue;
    CHECK_EQ(zalloc_backend.usage->used_blocks,
             zalloc_heap.sizes[3].zone_entries);
    expect_no_room(&zalloc_backend, 64, 8);
    expect_no_room(&zalloc_backend, 8, 8);
}

TEST(zalloc_out_of_pages_for_a_second_store)
{
    start_with(1200);
    for (size_t i = 0; i < STORE_SLOTS; i++)
        for (size_t n = 0; n < zalloc_heap.sizes[5].zone_entries; n++)
            CHECK(alloc(256));
    CHECK_EQ(zalloc_heap.stores, 1);
    CHECK_EQ(zalloc_heap.zones, STORE_SLOTS);
    pool.limit = pool.taken_count + 1;
    expect_no_room(&zalloc_backend, 256, 8);
    CHECK_EQ(zalloc_heap.stores, 1);
    CHECK_EQ(pool.taken_count, STORE_SLOTS + 1);
    pool.limit++;
    CHECK(alloc(256));
    CHECK_EQ(zalloc_heap.stores, 2);
    CHECK_SOUND(zalloc_check());
}

TEST(zalloc_names_misuse)
{
    uint8_t *a, *b, *big, *zone;
    uint64_t on_stack[4] = { 0 };

    start();
    a = alloc(64);
    b = alloc(64);
    big = alloc(1024);
    zone = (uint8_t *)align_down((uintptr_t)a, PAGE_BYTES);
    memset(a, 0xFF, 64);
    release(b);
    expect_refused(&zalloc_backend, b, HEAP_ALREADY_FREE);
    expect_refused(&zalloc_backend, a + 8, HEAP_INTERIOR);
    expect_refused(&zalloc_backend, a + 56, HEAP_INTERIOR);
    expect_refused(&zalloc_backend, a + 1, HEAP_MISALIGNED);
    expect_refused(&zalloc_backend, a + 4, HEAP_MISALIGNED);
    expect_refused(&zalloc_backend, a + 3 * 64, HEAP_ALREADY_FREE);
    expect_refused(&zalloc_backend, a - 8, HEAP_FOREIGN);
    expect_refused(&zalloc_backend, zone, HEAP_FOREIGN);
    expect_refused(&zalloc_backend, zone + PAGE_BYTES - 8, HEAP_FOREIGN);
    expect_refused(&zalloc_backend, big + 512, HEAP_INTERIOR);
    expect_refused(&zalloc_backend, big + 3 * PAGE_BYTES, HEAP_ALREADY_FREE);
    expect_refused(&zalloc_backend, on_stack + 1, HEAP_FOREIGN);
    expect_refused(&zalloc_backend, NULL, HEAP_FOREIGN);
    expect_refused(&zalloc_backend, (void *)0xDEADBEE8, HEAP_FOREIGN);
    expect_refused(&zalloc_backend, (void *)source.begin, HEAP_FOREIGN);
    expect_refused(&zalloc_backend, (void *)source.end, HEAP_FOREIGN);
    expect_refused(&zalloc_backend, (void *)(source.end - 8), HEAP_FOREIGN);
    expect_refused(&zalloc_backend, zalloc_heap.newest_store, HEAP_FOREIGN);
    expect_refused(&zalloc_backend, zalloc_heap.newest_store->slots,
                   HEAP_FOREIGN);
    /* Later: its zone has gone back. */
    for (int i = 0; i < 63; i++)
        b = alloc(64);
    for (int i = 0; i < 63; i++)
        CHECK_EQ(zalloc_free(a + i * 64), HEAP_OK);
    CHECK_EQ(zalloc_free(b), HEAP_OK);
    CHECK(zalloc_free(a) != HEAP_OK);
    CHECK_SOUND(zalloc_check());
}

TEST(zalloc_resize_is_whether_it_fits)
{
    void *a;

    start();
    a = alloc(40);
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

    start();
    CHECK(!zone_cache_create(&cache, "none", 0));
    CHECK(!zone_cache_create(&cache, "huge", ZALLOC_BYTES_MAX + 1));
    held = pool.taken_count;
    CHECK(zone_cache_create(&cache, "inode", 42));
    CHECK_EQ(pool.taken_count, held);
    CHECK_EQ(cache.entry_bytes, 48);
    a = zone_cache_alloc(&cache);
    b = zone_cache_alloc(&cache);
    other = alloc(48);
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
    release(other);
    CHECK_EQ(pool.taken_count, 2); /* a zone of 64, and the store */
}

TEST(zalloc_dedicated_cache_of_each_size)
{
    for (size_t bytes = 1; bytes <= ZALLOC_BYTES_MAX; bytes += 7) {
        struct zone_cache cache;
        uint8_t *payload = NULL;

        start();
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

/* -- 10 zones and 10,000 --------------------------------------------------- */

#define MANY_ZONES 10000u

static void shuffle(void **items, size_t count)
{
    struct random random;

    random_seed(&random, 7);
    for (size_t i = count; i > 1; i--) {
        size_t other = random_below(&random, (uint32_t)i);
        void *kept = items[i - 1];

        items[i - 1] = items[other];
        items[other] = kept;
    }
}

/* Fills `zones` zones of 256 bytes; returns their entries. */
static void **fill_zones(size_t zones, size_t *count)
{
    void **entries;

    start_with(MANY_ZONES + 100);
    *count = zones * zalloc_heap.sizes[5].zone_entries;
    entries = map(*count * sizeof *entries);
    for (size_t i = 0; i < *count; i++) {
        entries[i] = alloc(256);
        CHECK(entries[i]);
    }
    CHECK_EQ(zalloc_heap.zones, zones);
    return entries;
}

TEST(zalloc_ten_thousand_zones_come_and_go)
{
    size_t count, stores = (MANY_ZONES + STORE_SLOTS - 1) / STORE_SLOTS;
    void **entries = fill_zones(MANY_ZONES, &count);

    CHECK_EQ(zalloc_heap.stores, stores);
    CHECK_EQ(pool.taken_count, MANY_ZONES + stores);
    CHECK_SOUND(zalloc_check());
    shuffle(entries, count);
    for (size_t i = 0; i < count; i++) {
        release(entries[i]);
        if (i % 10007 == 0)
            CHECK_SOUND(zalloc_check());
    }
    CHECK_SOUND(zalloc_check());
    CHECK_EQ(zalloc_heap.zones, 1);
    CHECK_EQ(zalloc_backend.usage->used_blocks, 0);
    CHECK(zalloc_heap.stores <= 2);
    CHECK_EQ(pool.taken_count, 1 + zalloc_heap.stores);
}

/* All zones but the page map and the ones that are touched become unreadable:
 * whoever searched through zones or stores would fault. */
static void forbid_pages_except(const void *zone, const void *other)
{
    for (size_t i = 0; i < pool.pages; i++) {
        uint8_t *page = pool.memory + i * PAGE_BYTES;
        bool needed = page == zone || page == other ||
                      page == (void *)zalloc_heap.newest_store;

        CHECK_EQ(mprotect(page, PAGE_BYTES,
                          needed ? PROT_READ | PROT_WRITE : PROT_NONE),
                 0);
    }
}

static void allow_all_pages(void)
{
    CHECK_EQ(mprotect(pool.memory, pool.pages * PAGE_BYTES,
                      PROT_READ | PROT_WRITE),
             0);
}

static void *zone_of(void *entry)
{
    return (void *)align_down((uintptr_t)entry, PAGE_BYTES);
}

/* Free and allocate touch one zone and its own slot, out of 10,000 zones in 20
 * stores: shown by making all the others unreadable. */
TEST(zalloc_touches_no_other_zone_among_ten_thousand)
{
    size_t count;
    void **entries = fill_zones(MANY_ZONES, &count);

    for (size_t n = 0; n < 3; n++) {
        void *entry = entries[n * (count - 1) / 2];
        struct zone *zone = zone_of(entry);
        void *store;

        allow_all_pages();
        store = zone_of(zone->slot);
        forbid_pages_except(zone, store);
        CHECK_EQ(zalloc_free(entry), HEAP_OK);
        CHECK_EQ(zalloc_free(entry), HEAP_ALREADY_FREE);
        CHECK_SAME(alloc(256), entry);
        CHECK_EQ(zalloc_size(entry), 256);
    }
}

TEST(zalloc_stores_lose_no_slot)
{
    struct random random;
    size_t count;
    void **entries = fill_zones(3 * STORE_SLOTS, &count);
    size_t per_zone = zalloc_heap.sizes[5].zone_entries;

    random_seed(&random, 3);
    /* Zones leave from the middle and come back, many times over. */
    for (int round = 0; round < 200; round++) {
        size_t first = random_below(&random, 3 * STORE_SLOTS - 40) * per_zone;

        for (size_t i = 0; i < 40 * per_zone; i++)
            release(entries[first + i]);
        CHECK_SOUND(zalloc_check());
        for (size_t i = 0; i < 40 * per_zone; i++)
            entries[first + i] = alloc(256);
        CHECK_EQ(zalloc_heap.zones, 3 * STORE_SLOTS);
        CHECK_EQ(zalloc_heap.stores, 3);
        CHECK_EQ(pool.taken_count, 3 * STORE_SLOTS + 3);
    }
    CHECK_SOUND(zalloc_check());
}

TEST(zalloc_store_is_kept_at_the_border)
{
    size_t count, per_zone;
    void **entries = fill_zones(STORE_SLOTS + 1, &count);

    per_zone = zalloc_heap.sizes[5].zone_entries;
    CHECK_EQ(zalloc_heap.stores, 2);
    /* One zone stays open, so that the next one that empties goes back. */
    release(entries[count - 1]);
    for (size_t i = 0; i < per_zone; i++)
        release(entries[i]);
    CHECK_EQ(zalloc_heap.zones, STORE_SLOTS);
    CHECK_EQ(zalloc_heap.stores, 2);
    CHECK_EQ(zalloc_heap.newest_store->used, 0);
    CHECK_SOUND(zalloc_check());
    for (size_t i = 0; i < per_zone; i++)
        release(entries[per_zone + i]);
    CHECK_EQ(zalloc_heap.stores, 1);
    CHECK_SOUND(zalloc_check());
}

/* -- Planted damage ---------------------------------------------------------
 */

static struct zone *some_zone(void)
{
    void *a, *b;

    start();
    a = alloc(64);
    b = alloc(8);
    CHECK(a && b);
    return zone_of(a);
}

static void expect(const char *invariant)
{
    expect_violation(&zalloc_backend, invariant);
}

TEST(zalloc_check_names_damaged_maps)
{
    struct zone *zone = some_zone();

    source.page_map[page_index((uintptr_t)zone)] = PAGE_NOT_OURS;
    expect("I1");
    zone = some_zone();
    source.page_map[page_index((uintptr_t)zone)] = 2;
    expect("I1");
    zone = some_zone();
    source.page_map[300] = 1;
    expect("I1");
    zone = some_zone();
    source.page_map[page_index((uintptr_t)zalloc_heap.newest_store)] = 1;
    expect("I1");
    zone = some_zone();
    zalloc_heap.newest_store = (void *)0x1234;
    expect("I1");
    zone = some_zone();
    zone->words[0] ^= 2;
    expect("I4");
    zone = some_zone();
    zone->used++;
    expect("I4");
    zone = some_zone();
    zone->first_word = 1;
    expect("I4");
}

TEST(zalloc_check_names_damaged_slots)
{
    struct zone *zone = some_zone();
    struct zone_store *store;

    zone->slot++;
    expect("I2");
    zone = some_zone();
    zone->cache = (struct zone_cache *)0x1000;
    expect("I2");
    zone = some_zone();
    zone->cache = &zalloc_heap.sizes[4];
    expect("I2");
    zone = some_zone();
    zone->slot->entry_bytes = 8;
    expect("I2");
    zone = some_zone();
    zone->slot->zone = (struct zone *)0x1000;
    expect("I1");
    zone = some_zone();
    store = zalloc_heap.newest_store;
    store->slots[1] = store->slots[0]; /* listed twice */
    expect("I2");
    some_zone();
    zalloc_heap.newest_store->used = 600;
    expect("I3");
    some_zone();
    store = zalloc_heap.newest_store;
    store->previous = store;
    expect("I3");
    some_zone();
    zalloc_heap.newest_store->used = 1;
    expect("I7");
}

TEST(zalloc_check_names_damaged_lists)
{
    struct zone *zone = some_zone();
    void *entry = NULL;

    zone->link.next = (struct list_link *)0x10;
    expect("I5");
    zone = some_zone();
    zone->link.next = &zone->link;
    expect("I5");
    zone = some_zone();
    zone->link.previous = NULL;
    expect("I5");
    zone = some_zone();
    list_remove(&zone->link);
    expect("I5");
    zone = some_zone();
    list_remove(&zone->link);
    list_insert_after(&zalloc_heap.sizes[4].open, &zone->link);
    expect("I5");
    /* A full zone that is listed still. */
    start();
    for (size_t i = 0; i < zalloc_heap.sizes[3].zone_entries; i++)
        entry = alloc(64);
    zone = zone_of(entry);
    list_insert_after(&zone->cache->open, &zone->link);
    expect("I5");
    /* Two zones that nothing is used of. */
    start();
    for (size_t i = 0; i <= zalloc_heap.sizes[3].zone_entries; i++)
        entry = alloc(64);
    zone = zone_of(entry);
    release(entry);
    zone = (void *)zalloc_heap.newest_store->slots[0].zone;
    memset(zone->words, 0, 8);
    zone->used = 0;
    zone->first_word = 0;
    expect("I6");
}

TEST(zalloc_check_names_damaged_counters)
{
    struct zone *zone = some_zone();

    zone->cache->zones++;
    expect("I7");
    zone = some_zone();
    zone->cache->used++;
    expect("I7");
    some_zone();
    zalloc_heap.usage.used_bytes += 8;
    expect("I7");
    some_zone();
    zalloc_heap.usage.used_blocks--;
    expect("I7");
    some_zone();
    zalloc_heap.zones++;
    expect("I7");
}

TEST(zalloc_refuses_a_zone_whose_header_is_damaged)
{
    struct zone *zone = some_zone();
    uint8_t *entry = (uint8_t *)zone + zalloc_heap.sizes[3].first_entry;

    memset(zone, 0xAA, sizeof *zone);
    CHECK_EQ(zalloc_free(entry), HEAP_CORRUPT);
    CHECK_EQ(zalloc_size(entry), 0);
}

TEST(zalloc_random_run_keeps_its_promises)
{
    struct model model = {
        .backend = &zalloc_backend,
        .start = start,
        .largest_request = ZALLOC_BYTES_MAX,
        .largest_alignment = HEAP_ALIGNMENT,
        .steps = 1500,
    };

    start();
    model.begin = source.begin;
    model.end = source.end;
    model_run(&model, 8);
}

static void start_with_few_pages(void)
{
    start();
    pool.limit = 16;
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

    start();
    model.begin = source.begin;
    model.end = source.end;
    model_run(&model, 8);
    CHECK_EQ(zalloc_backend.usage->used_blocks, 0);
    CHECK(zalloc_heap.zones <= ENTRY_SIZES);
}
