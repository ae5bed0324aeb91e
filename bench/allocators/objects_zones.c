/* SPDX-License-Identifier: MIT */
/* Where the records of object zones come from, and how a zone comes and goes.
 *
 * Nothing here is searched: a store hands out the record that came back last,
 * or the next that was never used, so a new store has nothing to prepare.
 */
#include "bench/allocators/objects_zone.h"

/* -- Stores -------------------------------------------------------------- */

/* A new store, while no other has room. */
static struct object_store *objects_store_add(void)
{
    struct object_store *store = object_heap.source.take(1);

    if (!store)
        return NULL;
    store->free = NULL;
    store->fresh = store->records;
    store->used = 0;
    list_insert_after(&object_heap.stores, &store->link);
    object_heap.store_count++;
    return store;
}

/* A record for a new zone; NULL if that takes a new store and there is no page
 * for it. */
static struct object_zone *record_take(void)
{
    struct object_store *store =
        LIST_ITEM(object_heap.stores.next, struct object_store, link);
    struct object_zone *record;

    if (list_is_empty(&object_heap.stores)) {
        store = objects_store_add();
        if (!store)
            return NULL;
    }
    record = store->free;
    if (record)
        store->free = record->next_free;
    else
        record = store->fresh++;
    if (++store->used == STORE_RECORDS)
        list_remove(&store->link);
    return record;
}

/* The store goes too, if that was its last record and another has room. */
static void record_give(struct object_zone *record)
{
    struct object_store *store =
        (struct object_store *)align_down((uintptr_t)record, PAGE_BYTES);

    record->begin = 0;
    record->next_free = store->free;
    store->free = record;
    if (store->used-- == STORE_RECORDS)
        list_insert_after(&object_heap.stores, &store->link);
    if (store->used == 0 && store->link.next != store->link.previous) {
        list_remove(&store->link);
        object_heap.store_count--;
        object_heap.source.give(store, 1);
    }
}

/* -- Zones --------------------------------------------------------------- */

/* Copied whole, which is cheaper than a loop over the words in use. */
static const struct object_map all_free = { {
    ~0u,
    ~0u,
    ~0u,
    ~0u,
    ~0u,
    ~0u,
    ~0u,
    ~0u,
    ~0u,
    ~0u,
    ~0u,
    ~0u,
    ~0u,
    ~0u,
    ~0u,
    ~0u,
    ~0u,
} };

_Static_assert(MAP_WORDS + 1 == 17, "as many words of ones");

/* Makes the page map lead from each page of a zone to `zone`. */
static inline void map_pages(uintptr_t begin, uint32_t pages,
                             struct object_zone *zone)
{
    struct object_zone **map = object_heap.page_map;
    uint32_t page = begin >> PAGE_SHIFT, mask = object_heap.page_mask;

    for (; pages > 0; pages--)
        map[page++ & mask] = zone;
}

struct object_zone *object_zone_create(struct object_cache *cache)
{
    void *begin = object_heap.source.take(cache->zone_pages);
    struct object_zone *zone;

    if (!begin)
        return NULL;
    zone = record_take();
    if (!zone) {
        object_heap.source.give(begin, cache->zone_pages);
        return NULL;
    }
    zone->begin = (uintptr_t)begin;
    zone->cache = cache;
    zone->entries = cache->zone_entries;
    zone->reciprocal = cache->reciprocal;
    zone->rounding = cache->rounding;
    zone->map = all_free;
    zone->map.words[cache->map_words - 1] = cache->last_word;
    list_init(&zone->link);
    map_pages(zone->begin, cache->zone_pages, zone);
    cache->zones++;
    return zone;
}

void object_zone_destroy(struct object_zone *zone)
{
    struct object_cache *cache = zone->cache;
    uintptr_t begin = zone->begin;

    map_pages(begin, cache->zone_pages, &object_heap.nowhere);
    record_give(zone);
    cache->zones--;
    object_heap.source.give((void *)begin, cache->zone_pages);
}
