/* SPDX-License-Identifier: MIT */
/* Zones of equal entries, stores that list the zones, caches that own them.
 *
 *     cache "zone 64" ---> zone <--> zone          those with a free entry
 *     cache "zone 128" --> zone
 *        ...
 *     newest store --> store before --> ...        all of them
 *
 * An entry in use is one set bit in its zone's bitmap.  The cache's list finds
 * a zone with a free entry, the page map (page_source.h) finds the zone of an
 * address, and a zone leads to its slot.  No step searches, so none takes
 * longer when there are more zones.
 *
 *     I1: the page map marks the pages of listed zones and stores, no others.
 *     I2: a zone and its slot name each other and agree on the entry size.
 *     I3: all stores are full except the newest.
 *     I4: a zone's `used` is the number of bits set in its bitmap, and no word
 *         before `first_word` has a free one.
 *     I5: a zone is in its cache's list if and only if it has a free entry.
 *     I6: a cache has at most one zone that is all free.
 *     I7: the counters equal what the zones add up to.
 *
 * When a zone becomes all free, its pages go back to the source, unless it is
 * its cache's only zone with a free entry.  Otherwise a caller who frees and
 * allocates one entry in turn would build and destroy a zone each time.
 *
 * Weak points, on purpose: a request of 33 bytes gets an entry of 64, and one
 * used entry keeps a whole zone.  Most stray writes cannot reach a zone's
 * header, but a write before its first entry can.
 */
#include "mm/zalloc/zalloc.h"

#include "lib/panic.h"
#include "lib/string.h"
#include "mm/zalloc/zalloc_zone.h"

struct zalloc_heap zalloc_heap;

/* Marks the pages of a new zone in the page map, in order. */
static void mark_zone(const struct zone *zone, size_t pages)
{
    size_t first = zalloc_page_index((uintptr_t)zone);
    uint8_t *marks = zalloc_heap.source.page_map + first;

    ASSERT(pages > 0 && PAGE_ZONE_FIRST + pages <= PAGE_STORE);
    ASSERT_BELOW(first + pages, page_source_pages(&zalloc_heap.source) + 1);
    for (size_t i = 0; i < pages; i++)
        marks[i] = (uint8_t)(PAGE_ZONE_FIRST + i);
}

/* Clears the marks of pages that go back to the source. */
static void unmark(const void *first, size_t pages)
{
    size_t index = zalloc_page_index((uintptr_t)first);

    ASSERT_BELOW(index + pages, page_source_pages(&zalloc_heap.source) + 1);
    memset(zalloc_heap.source.page_map + index, PAGE_NOT_OURS, pages);
}

/* -- Stores -------------------------------------------------------------- */

/* Makes a new, empty store the newest; false if there is no page for it. */
static bool zalloc_store_add(void)
{
    /* LAB 5 BEGIN: return false; */
    struct zone_store *store = zalloc_heap.source.take(1);

    if (!store)
        return false;
    store->previous = zalloc_heap.newest_store;
    store->used = 0;
    zalloc_heap.newest_store = store;
    zalloc_heap.stores++;
    zalloc_heap.source.page_map[zalloc_page_index((uintptr_t)store)] =
        PAGE_STORE;
    return true;
    /* LAB 5 END */
}

/* Gives the newest store's page back; the store is empty. */
static void store_drop_newest(void)
{
    /* LAB 5 BEGIN */
    struct zone_store *store = zalloc_heap.newest_store;

    zalloc_heap.newest_store = store->previous;
    zalloc_heap.stores--;
    unmark(store, 1);
    zalloc_heap.source.give(store, 1);
    /* LAB 5 END */
}

/* Puts `zone` into a slot of the newest store.  False, and nothing changed, if
 * it needs a new store and there is no page for one. */
static bool slot_add(struct zone *zone)
{
    /* LAB 5 BEGIN: return false; */
    struct zone_store *store = zalloc_heap.newest_store;

    if ((!store || store->used == STORE_SLOTS) && !zalloc_store_add())
        return false;
    store = zalloc_heap.newest_store;
    zone->slot = &store->slots[store->used++];
    *zone->slot =
        (struct zone_slot){ zone, (uint32_t)zone->cache->entry_bytes };
    return true;
    /* LAB 5 END */
}

/* Removes `slot`.  The last slot of the newest store moves into the gap, so
 * that there are never gaps to search for.  An emptied store is kept until the
 * store before it has a free slot, too: it may be needed again at once. */
static void slot_remove(struct zone_slot *slot)
{
    /* LAB 5 BEGIN */
    struct zone_store *store = zalloc_heap.newest_store;

    if (store->used == 0) {
        store_drop_newest();
        store = zalloc_heap.newest_store;
    }
    *slot = store->slots[--store->used];
    slot->zone->slot = slot;
    /* LAB 5 END */
}

/* -- Zones --------------------------------------------------------------- */

/* A new zone, all free; NULL, and nothing changed, if there is no page. */
static struct zone *zalloc_zone_create(struct zone_cache *cache)
{
    /* LAB 5 BEGIN: return NULL; */
    struct zone *zone = zalloc_heap.source.take(cache->zone_pages);

    if (!zone)
        return NULL;
    zone->cache = cache;
    zone->used = 0;
    zone->first_word = 0;
    memset(zone->words, 0,
           bitmap_word_count(cache->zone_entries) * sizeof zone->words[0]);
    if (!slot_add(zone)) {
        zalloc_heap.source.give(zone, cache->zone_pages);
        return NULL;
    }
    mark_zone(zone, cache->zone_pages);
    list_insert_after(&cache->open, &zone->link);
    cache->zones++;
    zalloc_heap.zones++;
    return zone;
    /* LAB 5 END */
}

/* Gives back a zone whose entries are all free. */
static void zalloc_zone_destroy(struct zone *zone)
{
    /* LAB 5 BEGIN */
    struct zone_cache *cache = zone->cache;

    list_remove(&zone->link);
    unmark(zone, cache->zone_pages);
    slot_remove(zone->slot);
    cache->zones--;
    zalloc_heap.zones--;
    zalloc_heap.source.give(zone, cache->zone_pages);
    /* LAB 5 END */
}

/* Marks a free entry as used and returns it; the zone has a free entry. */
static void *zone_take_entry(struct zone *zone)
{
    /* LAB 5 BEGIN: return NULL; */
    struct bitmap bitmap = zone_bitmap(zone);
    size_t index =
        bitmap_find_clear(&bitmap, zone->first_word * BITMAP_WORD_BITS);

    bitmap_set(&bitmap, index);
    zone->first_word = (uint16_t)(index / BITMAP_WORD_BITS);
    if (++zone->used == bitmap.bits)
        list_remove(&zone->link);
    return zone_entry(zone, index);
    /* LAB 5 END */
}

/* Marks a used entry as free.  The zone may be gone afterwards. */
static void zone_give_entry(struct zone *zone, size_t index)
{
    /* LAB 5 BEGIN */
    struct zone_cache *cache = zone->cache;
    struct bitmap bitmap = zone_bitmap(zone);
    bool only_open;

    bitmap_clear(&bitmap, index);
    if (index / BITMAP_WORD_BITS < zone->first_word)
        zone->first_word = (uint16_t)(index / BITMAP_WORD_BITS);
    if (zone->used-- == bitmap.bits)
        list_insert_after(&cache->open, &zone->link);
    only_open = zone->link.next == zone->link.previous;
    if (zone->used == 0 && !only_open)
        zalloc_zone_destroy(zone);
    /* LAB 5 END */
}

/* -- Caches -------------------------------------------------------------- */

/* Computes the layout of a zone: how many entries of `entry_bytes` fit after
 * the header and a bitmap with a bit for each.
 *     header + bitmap(n) + n * entry_bytes <= zone */
static void cache_lay_out(struct zone_cache *cache)
{
    /* LAB 5 BEGIN */
    size_t pages = bytes_to_pages(ZONE_ROOM_ENTRIES * cache->entry_bytes);
    size_t zone_bytes = pages * PAGE_BYTES - PAGE_RUN_TAIL;
    size_t entries = (zone_bytes - sizeof(struct zone)) / cache->entry_bytes;
    size_t first;

    /* The bitmap takes the place of a few entries. */
    for (;; entries--) {
        first = align_up(sizeof(struct zone) +
                             bitmap_word_count(entries) * sizeof(uint32_t),
                         HEAP_ALIGNMENT);
        if (first + entries * cache->entry_bytes <= zone_bytes)
            break;
    }
    cache->zone_pages = pages;
    cache->zone_entries = entries;
    cache->first_entry = first;
    /* LAB 5 END */
}

bool zone_cache_create(struct zone_cache *cache, const char *name, size_t bytes)
{
    if (bytes == 0 || bytes > ZALLOC_BYTES_MAX)
        return false;
    ASSERT(zalloc_heap.caches.next != NULL); /* zalloc_init() has run */
    *cache =
        (struct zone_cache){ .name = name,
                             .entry_bytes = align_up(bytes, HEAP_ALIGNMENT) };
    cache_lay_out(cache);
    list_init(&cache->open);
    list_insert_before(&zalloc_heap.caches, &cache->link);
    return true;
}

void *zone_cache_alloc(struct zone_cache *cache)
{
    /* LAB 5 BEGIN: return NOT_WRITTEN; */
    struct zone *zone = list_is_empty(&cache->open)
                            ? zalloc_zone_create(cache)
                            : LIST_ITEM(cache->open.next, struct zone, link);

    if (!zone)
        return NULL;
    cache->used++;
    usage_add(&zalloc_heap.usage, cache->entry_bytes);
    return zone_take_entry(zone);
    /* LAB 5 END */
}

/* Frees an entry that zalloc_find() has found in use. */
static void zalloc_entry_free(struct entry entry)
{
    struct zone_cache *cache = entry.zone->cache;

    ASSERT(cache->used > 0);
    cache->used--;
    usage_remove(&zalloc_heap.usage, cache->entry_bytes);
    zone_give_entry(entry.zone, entry.index);
}

enum heap_error zone_cache_free(struct zone_cache *cache, void *payload)
{
    /* LAB 5 BEGIN: return HEAP_NOT_WRITTEN; */
    struct entry entry;
    enum heap_error error = zalloc_find(payload, &entry);

    if (error != HEAP_OK)
        return error;
    if (entry.zone->cache != cache)
        return HEAP_FOREIGN;
    zalloc_entry_free(entry);
    return HEAP_OK;
    /* LAB 5 END */
}

bool zone_cache_destroy(struct zone_cache *cache)
{
    /* LAB 5 BEGIN: return false; */
    if (cache->used > 0)
        return false;
    while (!list_is_empty(&cache->open))
        zalloc_zone_destroy(LIST_ITEM(cache->open.next, struct zone, link));
    list_remove(&cache->link);
    return true;
    /* LAB 5 END */
}

/* -- The eight sizes ------------------------------------------------------ */

enum stage_state zalloc_init(const struct page_source *source)
{
    static const char *const names[ENTRY_SIZES] = {
        "zone 8",   "zone 16",  "zone 32",  "zone 64",
        "zone 128", "zone 256", "zone 512", "zone 1024",
    };

    ASSERT(source->take && source->give);
    ASSERT_BELOW(source->begin, source->end + 1);
    ASSERT(source->page_map || page_source_pages(source) == 0);
    memset(&zalloc_heap, 0, sizeof zalloc_heap);
    zalloc_heap.source = *source;
    for (size_t i = 0; i < page_source_pages(source); i++)
        source->page_map[i] = PAGE_NOT_OURS;
    list_init(&zalloc_heap.caches);
    for (size_t i = 0; i < ENTRY_SIZES; i++)
        zone_cache_create(&zalloc_heap.sizes[i], names[i],
                          ZALLOC_BYTES_MIN << i);
    return STAGE_OK;
}

/* The cache with the smallest entries that hold `bytes`, which is 1 or more. */
static struct zone_cache *cache_for(size_t bytes)
{
    /* LAB 5 BEGIN: return NULL; */
    size_t index = 0;

    while (zalloc_heap.sizes[index].entry_bytes < bytes)
        index++;
    return &zalloc_heap.sizes[index];
    /* LAB 5 END */
}

void *zalloc_alloc(size_t bytes, size_t alignment)
{
    /* LAB 5 BEGIN: return NOT_WRITTEN; */
    if (bytes > ZALLOC_BYTES_MAX || alignment > HEAP_ALIGNMENT)
        return NULL;
    return zone_cache_alloc(cache_for(bytes));
    /* LAB 5 END */
}

enum heap_error zalloc_free(void *payload)
{
    /* LAB 5 BEGIN: return HEAP_NOT_WRITTEN; */
    struct entry entry;
    enum heap_error error = zalloc_find(payload, &entry);

    if (error == HEAP_OK)
        zalloc_entry_free(entry);
    return error;
    /* LAB 5 END */
}

size_t zalloc_size(const void *payload)
{
    struct entry entry;

    if (zalloc_find(payload, &entry) != HEAP_OK)
        return 0;
    return entry.zone->cache->entry_bytes;
}

bool zalloc_resize(void *payload, size_t bytes)
{
    return bytes <= zalloc_size(payload);
}

bool zalloc_reclaim(void)
{
    struct list_link *link = zalloc_heap.caches.next;
    size_t before = zalloc_heap.zones;

    /* A cache keeps an empty zone only where that is its only open one. */
    for (; link != &zalloc_heap.caches; link = link->next) {
        struct zone_cache *cache = LIST_ITEM(link, struct zone_cache, link);
        struct zone *zone = LIST_ITEM(cache->open.next, struct zone, link);

        if (!list_is_empty(&cache->open) && zone->used == 0)
            zalloc_zone_destroy(zone);
    }
    return zalloc_heap.zones < before;
}

bool zalloc_owns(const void *payload)
{
    return zalloc_page_mark((uintptr_t)payload) != PAGE_NOT_OURS;
}

const struct heap_backend zalloc_backend = {
    .name = "zalloc",
    .alloc = zalloc_alloc,
    .reclaim = zalloc_reclaim,
    .free = zalloc_free,
    .resize = zalloc_resize,
    .size = zalloc_size,
    .owns = zalloc_owns,
    .walk = zalloc_walk,
    .check = zalloc_check,
    .usage = &zalloc_heap.usage,
};
