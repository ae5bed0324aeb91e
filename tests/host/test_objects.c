/* SPDX-License-Identifier: MIT */
/* Object caches, from a pool of pages. */
#include "harness.h"
#include "page_pool.h"

#include "bench/allocators/objects.h"
#include "bench/allocators/objects_zone.h"
#include "lib/random.h"
#include "mm/armour/armour.h"
#include "mm/heap/heap_pages.h"

#include <string.h>

static void start_with(size_t pages)
{
    start_zones_with(pages); /* an empty pool; its zones are not used */
    CHECK(objects_init(&pool_source));
    CHECK_SOUND(objects_check());
}

static void start(void)
{
    start_with(600);
}

static void check_pages(size_t pages)
{
    CHECK_EQ(page_pool.taken_count, pages);
    CHECK_EQ(objects_pages_held(), pages);
}

TEST(objects_serve_each_size_from_the_smallest_entry)
{
    start();
    for (size_t bytes = 1; bytes <= OBJECT_BYTES_MAX; bytes++) {
        void *entry = objects_alloc(bytes, HEAP_ALIGNMENT);
        size_t size = objects_size(entry);

        CHECK(size >= bytes && (size < 2 * bytes || size == 8));
        CHECK(is_power_of_two(size));
        CHECK_EQ((uintptr_t)entry % 8, 0);
        memset(entry, 0xFF, size);
    }
    CHECK_SOUND(objects_check());
    CHECK(!objects_alloc(0, HEAP_ALIGNMENT));
    CHECK(!objects_alloc(OBJECT_BYTES_MAX + 1, HEAP_ALIGNMENT));
    CHECK(!objects_alloc(SIZE_MAX, HEAP_ALIGNMENT));
    CHECK(!objects_alloc(16, 16));
}

/* The answer of free for `address`, in a zone whose entries are all in use. */
static enum heap_error expected_error(const struct object_zone *zone,
                                      uintptr_t address)
{
    uint32_t offset = address - zone->begin, size = zone->cache->entry_bytes;

    if (offset >= zone->entries * size)
        return HEAP_FOREIGN;
    if (offset % 8 != 0)
        return HEAP_MISALIGNED;
    return offset % size != 0 ? HEAP_INTERIOR : HEAP_OK;
}

/* Every size there can be, and every byte of a zone of it. */
TEST(objects_tell_an_entry_from_every_other_byte)
{
    for (size_t size = 8; size <= OBJECT_BYTES_MAX; size += 8) {
        struct object_cache cache;
        uint8_t *first, *last = NULL;

        start();
        CHECK(object_cache_create(&cache, "any", size - 7));
        CHECK_EQ(cache.entry_bytes, size);
        first = object_cache_alloc(&cache);
        for (size_t i = 1; i < cache.zone_entries; i++) {
            last = object_cache_alloc(&cache);
            memset(last, 0xFF, size); /* the pool guards the tail */
        }
        CHECK_EQ(cache.zones, 1);
        CHECK_SAME(last, first + (cache.zone_entries - 1) * size);
        for (size_t i = 0; i < cache.zone_pages * PAGE_BYTES; i++) {
            enum heap_error expected =
                expected_error(cache.zone, (uintptr_t)first + i);

            if (expected == HEAP_OK)
                CHECK_EQ(objects_size(first + i), size);
            else
                CHECK_EQ(objects_free(first + i), expected);
        }
        CHECK_EQ(object_cache_used(&cache), cache.zone_entries);
        CHECK_SOUND(objects_check());
    }
}

TEST(objects_name_misuse)
{
    struct object_cache cache, other;
    uint64_t on_stack[4] = { 0 };
    uint8_t *a, *b, *c;

    start();
    CHECK(object_cache_create(&cache, "a", 40));
    CHECK(object_cache_create(&other, "b", 40));
    CHECK(!object_cache_create(&other, "none", 0));
    CHECK(!object_cache_create(&other, "huge", OBJECT_BYTES_MAX + 1));
    a = object_cache_alloc(&cache);
    b = object_cache_alloc(&cache);
    c = object_cache_alloc(&other);
    CHECK_EQ(object_cache_free(&cache, c), HEAP_FOREIGN);
    CHECK_EQ(object_cache_free(&cache, c + 8), HEAP_INTERIOR);
    CHECK_EQ(object_cache_free(&cache, c + 40), HEAP_FOREIGN);
    CHECK_EQ(object_cache_free(&cache, on_stack), HEAP_FOREIGN);
    CHECK_EQ(object_cache_free(&cache, a + 8), HEAP_INTERIOR);
    CHECK_EQ(object_cache_free(&cache, a + 3), HEAP_MISALIGNED);
    CHECK_EQ(object_cache_free(&cache, b), HEAP_OK);
    CHECK_EQ(object_cache_free(&cache, b), HEAP_ALREADY_FREE);
    CHECK_EQ(objects_free(b), HEAP_ALREADY_FREE);
    CHECK_EQ(objects_size(b), 0);
    CHECK_EQ(objects_free(NULL), HEAP_FOREIGN);
    CHECK_EQ(objects_free((void *)0xDEADBEE8), HEAP_FOREIGN);
    CHECK_EQ(objects_free((void *)UINTPTR_MAX), HEAP_FOREIGN);
    CHECK_EQ(objects_free((void *)pool_source.begin), HEAP_FOREIGN);
    CHECK_EQ(objects_free((void *)pool_source.end), HEAP_FOREIGN);
    CHECK_EQ(objects_free(cache.zone), HEAP_FOREIGN);
    /* The same place in the page map, but another page. */
    CHECK_EQ(objects_free(a + (object_heap.page_mask + 1) * PAGE_BYTES),
             HEAP_FOREIGN);
    CHECK_EQ(objects_free(a - (object_heap.page_mask + 1) * PAGE_BYTES),
             HEAP_FOREIGN);
    CHECK_SOUND(objects_check());
    CHECK_EQ(object_cache_used(&cache), 1);
    CHECK_EQ(objects_free(a), HEAP_OK);
    CHECK(!object_cache_destroy(&other));
    CHECK_EQ(objects_free(c), HEAP_OK);
    CHECK(object_cache_destroy(&other));
    CHECK(object_cache_destroy(&cache));
    CHECK_EQ(objects_free(a), HEAP_FOREIGN);
    CHECK_SOUND(objects_check());
}

TEST(objects_by_turns_take_and_give_nothing)
{
    void *entry;
    size_t held;

    start();
    for (int n = 0; n < 200; n++)
        CHECK(objects_alloc(1000, 8));
    entry = objects_alloc(1000, 8);
    held = page_pool.taken_count;
    for (int n = 0; n < 100; n++) {
        CHECK_EQ(objects_free(entry), HEAP_OK);
        entry = objects_alloc(1000, 8);
        CHECK_EQ(page_pool.taken_count, held);
    }
}

TEST(objects_out_of_pages_change_nothing)
{
    struct object_cache cache;
    size_t count = 0, limit, map_pages;

    start_zones_with(100);
    page_pool.limit = 0;
    CHECK(!objects_init(&pool_source));
    CHECK(!objects_alloc(8, 8));
    CHECK_EQ(objects_free(&count), HEAP_FOREIGN);
    start();
    CHECK(object_cache_create(&cache, "c", 64));
    /* The map's pages; one more for a zone, but none for its store. */
    map_pages = page_pool.taken_count;
    for (limit = map_pages; limit < map_pages + 2; limit++) {
        page_pool.limit = limit;
        CHECK(!object_cache_alloc(&cache));
        check_pages(map_pages);
        CHECK_SOUND(objects_check());
    }
    /* A zone at a time, until records run out together with pages. */
    for (; limit <= map_pages + 2 * STORE_RECORDS + 2; limit++) {
        void *entry;

        page_pool.limit = limit;
        while ((entry = object_cache_alloc(&cache)) != NULL)
            count++;
        CHECK_EQ(count % cache.zone_entries, 0);
        CHECK_EQ(object_cache_used(&cache), count);
        CHECK(page_pool.taken_count + 1 >= limit);
        CHECK_EQ(objects_pages_held(), page_pool.taken_count);
        CHECK_SOUND(objects_check());
    }
    CHECK_EQ(count, (2 * STORE_RECORDS) * cache.zone_entries);
}

/* -- At random ------------------------------------------------------------ */

#define LIVE_MOST 2500u
#define CACHES    4u

struct live {
    uint8_t *entry;
    struct object_cache *cache; /* NULL: of the eight sizes */
    size_t bytes;
};

static struct live live[LIVE_MOST];
static uint32_t live_count;
static struct object_cache caches[CACHES];

static uint8_t stamp_of(const struct live *one)
{
    return (uint8_t)((uintptr_t)one->entry / 8 ^ one->bytes);
}

static void take_one(struct random *random)
{
    uint32_t which = random_below(random, 2 * CACHES);
    struct live *one = &live[live_count];

    if (which < CACHES) {
        one->cache = &caches[which];
        one->bytes = one->cache->entry_bytes;
        one->entry = object_cache_alloc(one->cache);
    } else {
        one->cache = NULL;
        one->bytes = 1 + random_below(random, 1u << random_below(random, 11));
        one->entry = objects_alloc(one->bytes, HEAP_ALIGNMENT);
    }
    if (!one->entry)
        return;
    CHECK_EQ((uintptr_t)one->entry % HEAP_ALIGNMENT, 0);
    CHECK(objects_size(one->entry) >= one->bytes);
    memset(one->entry, stamp_of(one), one->bytes);
    live_count++;
}

static void give_one(struct random *random)
{
    uint32_t which = random_below(random, live_count);
    struct live *one = &live[which];

    for (size_t i = 0; i < one->bytes; i++)
        CHECK_EQ(one->entry[i], stamp_of(one));
    if (one->cache)
        CHECK_EQ(object_cache_free(one->cache, one->entry), HEAP_OK);
    else
        CHECK_EQ(objects_free(one->entry), HEAP_OK);
    CHECK_EQ(objects_free(one->entry) == HEAP_OK, false);
    *one = live[--live_count];
}

static size_t used_in_all(void)
{
    size_t used = 0;

    for (size_t i = 0; i < OBJECT_SIZES; i++)
        used += object_cache_used(&object_heap.sizes[i]);
    for (size_t i = 0; i < CACHES; i++)
        used += object_cache_used(&caches[i]);
    return used;
}

static void run(uint32_t seed, size_t limit)
{
    static const size_t sizes[CACHES] = { 24, 40, 200, 1024 };
    struct random random;
    uint32_t goal = 0;

    start();
    page_pool.limit = limit;
    random_seed(&random, seed);
    live_count = 0;
    for (size_t i = 0; i < CACHES; i++)
        CHECK(object_cache_create(&caches[i], "run", sizes[i]));
    for (uint32_t step = 0; step < 12000; step++) {
        if (step % 1000 == 0)
            goal = random_below(&random, LIVE_MOST);
        if (live_count == 0 || (live_count < goal) == (step % 4 != 0))
            take_one(&random);
        else
            give_one(&random);
        if (step % 64 == 0) {
            CHECK_SOUND(objects_check());
            CHECK_EQ(used_in_all(), live_count);
            CHECK_EQ(objects_pages_held(), page_pool.taken_count);
        }
    }
    while (live_count > 0)
        give_one(&random);
    CHECK_SOUND(objects_check());
    /* One zone a cache stays, of three pages at most; and one store. */
    CHECK(page_pool.taken_count <= 1 + (OBJECT_SIZES + CACHES) * 3 + 1);
    for (size_t i = 0; i < CACHES; i++)
        CHECK(object_cache_destroy(&caches[i]));
    CHECK_SOUND(objects_check());
}

TEST(objects_random_run_keeps_its_promises)
{
    for (uint32_t seed = 0; seed < 4; seed++)
        run(seed, 600);
}

TEST(objects_random_run_that_runs_out_of_pages)
{
    for (uint32_t seed = 0; seed < 4; seed++)
        run(seed, 60);
}

/* -- Many zones ----------------------------------------------------------- */

TEST(objects_ten_thousand_zones_come_and_go)
{
    struct random random;
    size_t count;
    void **entries;
    struct object_cache cache;

    start_with(10400);
    CHECK(object_cache_create(&cache, "many", 64));
    count = 10000 * cache.zone_entries;
    entries = map_memory(count * sizeof *entries);
    for (size_t i = 0; i < count; i++) {
        entries[i] = object_cache_alloc(&cache);
        CHECK(entries[i]);
    }
    CHECK_EQ(cache.zones, 10000);
    CHECK_EQ(objects_pages_held(), page_pool.taken_count);
    CHECK_EQ(object_heap.store_count,
             (10000 + STORE_RECORDS - 1) / STORE_RECORDS);
    random_seed(&random, 1);
    for (size_t left = count; left > 0; left--) {
        size_t which = random_below(&random, (uint32_t)left);

        CHECK_EQ(objects_free(entries[which]), HEAP_OK);
        entries[which] = entries[left - 1];
    }
    CHECK_EQ(cache.zones, 1);
    /* The page map, the zone, its store, and one that waits for more. */
    CHECK(page_pool.taken_count <= object_heap.map_pages + 3);
    CHECK_EQ(objects_pages_held(), page_pool.taken_count);
}

/* -- In the heap of the stage armour -------------------------------------- */

#define HEAP_BYTES (256u << 10)

TEST(objects_borrow_pages_from_the_heap)
{
    uintptr_t begin = (uintptr_t)map_memory(HEAP_BYTES);
    struct object_cache cache;
    size_t before, count = 0;
    void **entries = map_memory(HEAP_BYTES), *block;

    CHECK_EQ(armour_init(begin, begin + HEAP_BYTES), STAGE_OK);
    heap_start(begin, begin + HEAP_BYTES, &armour_backend);
    CHECK(objects_init(heap_page_source(begin, begin + HEAP_BYTES)));
    CHECK(object_cache_create(&cache, "c", 40));
    before = armour_usage().used_bytes;
    block = kmalloc(3000);
    while ((entries[count] = object_cache_alloc(&cache)) != NULL)
        memset(entries[count++], 0xFF, 40);
    CHECK(count > HEAP_BYTES / 40 * 8 / 10);
    CHECK_EQ(heap_stats().usage.used_blocks, 1); /* pages are lent, not used */
    CHECK_SOUND(objects_check());
    CHECK_SOUND(heap_check());
    while (count > 0)
        CHECK_EQ(objects_free(entries[--count]), HEAP_OK);
    CHECK(object_cache_destroy(&cache));
    CHECK_EQ(kfree(block), HEAP_OK);
    /* A store stays, for the next zone. */
    CHECK(armour_usage().used_bytes <= before + PAGE_BYTES);
    CHECK_SOUND(heap_check());
}
