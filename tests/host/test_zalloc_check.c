/* SPDX-License-Identifier: MIT */
/* Misuse is named, and so is damage. */
#include "harness.h"
#include "model.h"
#include "page_pool.h"

#include <string.h>

TEST(zalloc_names_misuse)
{
    uint8_t *a, *b, *big, *zone;
    uint64_t on_stack[4] = { 0 };

    start_zones();
    a = zone_alloc(64);
    b = zone_alloc(64);
    big = zone_alloc(1024);
    zone = (uint8_t *)align_down((uintptr_t)a, PAGE_BYTES);
    memset(a, 0xFF, 64);
    zone_release(b);
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
    expect_refused(&zalloc_backend, (void *)pool_source.begin, HEAP_FOREIGN);
    expect_refused(&zalloc_backend, (void *)pool_source.end, HEAP_FOREIGN);
    expect_refused(&zalloc_backend, (void *)(pool_source.end - 8),
                   HEAP_FOREIGN);
    expect_refused(&zalloc_backend, zalloc_heap.newest_store, HEAP_FOREIGN);
    expect_refused(&zalloc_backend, zalloc_heap.newest_store->slots,
                   HEAP_FOREIGN);
    /* Later: its zone has gone back. */
    for (int i = 0; i < 63; i++)
        b = zone_alloc(64);
    for (int i = 0; i < 63; i++)
        CHECK_EQ(zalloc_free(a + i * 64), HEAP_OK);
    CHECK_EQ(zalloc_free(b), HEAP_OK);
    CHECK(zalloc_free(a) != HEAP_OK);
    CHECK_SOUND(zalloc_check());
}

/* -- Planted damage ---------------------------------------------------------
 */

static struct zone *some_zone(void)
{
    void *a, *b;

    start_zones();
    a = zone_alloc(64);
    b = zone_alloc(8);
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

    pool_source.page_map[zalloc_page_index((uintptr_t)zone)] = PAGE_NOT_OURS;
    expect("I1");
    zone = some_zone();
    pool_source.page_map[zalloc_page_index((uintptr_t)zone)] = 2;
    expect("I1");
    zone = some_zone();
    pool_source.page_map[300] = 1;
    expect("I1");
    zone = some_zone();
    pool_source
        .page_map[zalloc_page_index((uintptr_t)zalloc_heap.newest_store)] = 1;
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
    start_zones();
    for (size_t i = 0; i < zalloc_heap.sizes[3].zone_entries; i++)
        entry = zone_alloc(64);
    zone = zone_of(entry);
    list_insert_after(&zone->cache->open, &zone->link);
    expect("I5");
    /* Two zones that nothing is used of. */
    start_zones();
    for (size_t i = 0; i <= zalloc_heap.sizes[3].zone_entries; i++)
        entry = zone_alloc(64);
    zone = zone_of(entry);
    zone_release(entry);
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
