/* SPDX-License-Identifier: MIT */
/* Ten zones and ten thousand; stores that fill, chain and go back. */
#define _DEFAULT_SOURCE /* mprotect */

#include "harness.h"
#include "page_pool.h"

#include "lib/random.h"

#include <sys/mman.h>

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

    start_zones_with(MANY_ZONES + 100);
    *count = zones * zalloc_heap.sizes[5].zone_entries;
    entries = map_memory(*count * sizeof *entries);
    for (size_t i = 0; i < *count; i++) {
        entries[i] = zone_alloc(256);
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
    CHECK_EQ(page_pool.taken_count, MANY_ZONES + stores);
    CHECK_SOUND(zalloc_check());
    shuffle(entries, count);
    for (size_t i = 0; i < count; i++) {
        zone_release(entries[i]);
        if (i % 10007 == 0)
            CHECK_SOUND(zalloc_check());
    }
    CHECK_SOUND(zalloc_check());
    CHECK_EQ(zalloc_heap.zones, 1);
    CHECK_EQ(zalloc_backend.usage->used_blocks, 0);
    CHECK(zalloc_heap.stores <= 2);
    CHECK_EQ(page_pool.taken_count, 1 + zalloc_heap.stores);
}

/* All zones but the page map and the ones that are touched become unreadable:
 * whoever searched through zones or stores would fault. */
static void forbid_pages_except(const void *zone, const void *other)
{
    for (size_t i = 0; i < page_pool.pages; i++) {
        uint8_t *page = page_pool.memory + i * PAGE_BYTES;
        bool needed = page == zone || page == other ||
                      page == (void *)zalloc_heap.newest_store;

        CHECK_EQ(mprotect(page, PAGE_BYTES,
                          needed ? PROT_READ | PROT_WRITE : PROT_NONE),
                 0);
    }
}

static void allow_all_pages(void)
{
    CHECK_EQ(mprotect(page_pool.memory, page_pool.pages * PAGE_BYTES,
                      PROT_READ | PROT_WRITE),
             0);
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
        CHECK_SAME(zone_alloc(256), entry);
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
            zone_release(entries[first + i]);
        CHECK_SOUND(zalloc_check());
        for (size_t i = 0; i < 40 * per_zone; i++)
            entries[first + i] = zone_alloc(256);
        CHECK_EQ(zalloc_heap.zones, 3 * STORE_SLOTS);
        CHECK_EQ(zalloc_heap.stores, 3);
        CHECK_EQ(page_pool.taken_count, 3 * STORE_SLOTS + 3);
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
    zone_release(entries[count - 1]);
    for (size_t i = 0; i < per_zone; i++)
        zone_release(entries[i]);
    CHECK_EQ(zalloc_heap.zones, STORE_SLOTS);
    CHECK_EQ(zalloc_heap.stores, 2);
    CHECK_EQ(zalloc_heap.newest_store->used, 0);
    CHECK_SOUND(zalloc_check());
    for (size_t i = 0; i < per_zone; i++)
        zone_release(entries[per_zone + i]);
    CHECK_EQ(zalloc_heap.stores, 1);
    CHECK_SOUND(zalloc_check());
}
