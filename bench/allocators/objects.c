/* SPDX-License-Identifier: MIT */
/* Entries found by one look, and checked by one multiplication.
 *
 *     cache --word--> ...|0 0 1 0 1 1 0 1|...   map of the current zone
 *       |                     ^ lowest free entry
 *       +--open--> zone <--> zone               others with a free entry
 *
 * To allocate is to take the lowest bit of one word that the cache points at.
 * Only when that word is empty is there anything to decide: the next word of
 * the zone that is not, else the next open zone, else a new one.
 *
 * To free is to find the bit.  The page map leads from the address to the
 * zone's record.  The offset in the zone is multiplied by R, which is 2^32 /
 * size rounded up:
 *
 *     offset                     upper half    lower half
 *     i * size                   i             i * (size * R - 2^32): little
 *     i * size + r, 0 < r        i             the same + r * R: R at least
 *
 * So one multiplication divides, and one comparison of its lower half, with the
 * most that rounding up can add, refuses every interior pointer.
 *
 *     I1: the page map leads from each page of a zone to its record, and from
 *         every other page to `nowhere`.
 *     I2: a record repeats what its cache says of all its zones.
 *     I3: the bits of a map after its last entry are clear.
 *     I4: a zone is in its cache's list if it has a free entry and is not the
 *         current one.  It is due with its first free when it is full, and with
 *         its last when it is listed.  The current zone is never due, and
 *         DUE_NEVER itself says that no free entry is before the word.
 *     I5: a cache's word is in the map of its current zone, and word_begin
 *         belongs to it.
 *     I6: a store counts its records in use, and is listed while it has room.
 *     I7: the counters equal what the zones add up to.
 *
 * A zone counts its frees and not its allocations.  It stops being the current
 * one only when it is full, so what is in use then is known; from there on
 * `due` counts down to the next moment that matters.  No map is ever searched
 * for whether anything is left in it.
 *
 * A zone that is all free goes back, except the current zone, which stays for
 * the next allocation; so a caller who frees and allocates by turns builds
 * nothing.
 *
 * Weak points: an entry in use keeps a zone, as in zalloc.c.  And when
 * entries are replaced at random, most words have one free bit or none, and
 * most allocations have to look for the next.
 */
#include "bench/allocators/objects.h"

#include "bench/allocators/objects_zone.h"
#include "lib/bitmap.h"
#include "lib/bits.h"
#include "lib/string.h"

struct object_heap object_heap;

/* To be called when `due` has become 0. */
static RARE void zone_attend(struct object_zone *zone)
{
    struct object_cache *cache = zone->cache;

    if (zone == cache->zone) {
        zone->due = DUE_NEVER - 1; /* it was full, and is not any more */
    } else if (!is_listed(zone)) {
        list_insert_after(&cache->open, &zone->link);
        zone->due = zone->entries - 1;
    } else {
        list_remove(&zone->link);
        object_zone_destroy(zone);
    }
}

/* -- Allocation ---------------------------------------------------------- */

/* Makes `word`, of the current zone's map, the one to be looked at. */
static HOT void cache_look_at(struct object_cache *cache, uint32_t *word)
{
    const struct object_zone *zone = cache->zone;

    cache->word = word;
    cache->word_begin = zone->begin + (uint32_t)(word - zone->map.words) *
                                          WORD_BITS * cache->entry_bytes;
}

/* The first word from `word` on that has a free entry, or the one after the
 * map. */
static HOT uint32_t *word_with_free(uint32_t *word)
{
    while (*word == 0)
        word++;
    return word;
}

/* The next word of the current zone that has a free entry, from the beginning
 * if entries have come back on the way; false if the zone is full. */
static HOT bool cache_look_on(struct object_cache *cache)
{
    struct object_zone *zone = cache->zone;
    const uint32_t *end = zone->map.words + cache->map_words;
    uint32_t *word =
        word_with_free(zone->due == DUE_NEVER ? cache->word : zone->map.words);

    if (word == end) {
        zone->due = 1;
        return false;
    }
    zone->due = DUE_NEVER;
    cache_look_at(cache, word);
    return true;
}

/* Makes a zone that is not full the current one: an open one, or a new one;
 * false if there is no page for that. */
static HOT bool cache_change_zone(struct object_cache *cache)
{
    struct object_zone *zone =
        LIST_ITEM(cache->open.next, struct object_zone, link);

    if (!list_is_empty(&cache->open))
        list_remove(&zone->link);
    else
        zone = object_zone_create(cache);
    if (!zone)
        return false;
    zone->due = DUE_NEVER;
    cache->zone = zone;
    cache_look_at(cache, word_with_free(zone->map.words));
    return true;
}

/* The word looked at has a free entry. */
static HOT void *take_lowest(struct object_cache *cache)
{
    uint32_t word = *cache->word;

    *cache->word = word & (word - 1);
    return (void *)(cache->word_begin + lowest_bit(word) * cache->entry_bytes);
}

static RARE void *alloc_elsewhere(struct object_cache *cache)
{
    if (!(cache->zone && cache_look_on(cache)) && !cache_change_zone(cache))
        return NULL;
    return take_lowest(cache);
}

static HOT void *cache_take(struct object_cache *cache)
{
    return *cache->word != 0 ? take_lowest(cache) : alloc_elsewhere(cache);
}

void *object_cache_alloc(struct object_cache *cache)
{
    return cache_take(cache);
}

void *objects_alloc(size_t bytes, size_t alignment)
{
    if (bytes - 1 >= OBJECT_BYTES_MAX || alignment > HEAP_ALIGNMENT)
        return NULL;
    return cache_take(object_heap.size_for[(bytes - 1) / HEAP_ALIGNMENT]);
}

/* -- Freeing ------------------------------------------------------------- */

/* Where an address is in a zone: its offset times the reciprocal of the entry
 * size.  The upper half is the index.  Before the zone the offset wraps,
 * and the index is larger than any. */
static HOT uint64_t product_of(const struct object_zone *zone,
                               const void *address)
{
    return (uint64_t)((uintptr_t)address - zone->begin) * zone->reciprocal;
}

static HOT uint32_t index_of(uint64_t product)
{
    return (uint32_t)(product >> 32);
}

static HOT bool is_entry(const struct object_zone *zone, uint64_t product)
{
    return (uint32_t)product < zone->rounding &&
           index_of(product) < zone->entries;
}

/* Why no entry begins there.  The product has all that the address said. */
static COLD enum heap_error no_entry(uint64_t product,
                                     const struct object_zone *zone)
{
    if (zone == &object_heap.nowhere || index_of(product) >= zone->entries)
        return HEAP_FOREIGN;
    return product / zone->reciprocal % HEAP_ALIGNMENT != 0 ? HEAP_MISALIGNED
                                                            : HEAP_INTERIOR;
}

/* Named by functions of their own, so that the way of a good free keeps its
 * registers. */
static COLD enum heap_error already_free(void)
{
    return HEAP_ALREADY_FREE;
}

static RARE enum heap_error attended(struct object_zone *zone)
{
    zone_attend(zone);
    return HEAP_OK;
}

static HOT enum heap_error objects_entry_free(struct object_zone *zone,
                                              void *entry)
{
    uint64_t product = product_of(zone, entry);

    if (!is_entry(zone, product))
        return no_entry(product, zone);
    /* Nothing changes where it was set before. */
    if (bit_test_and_set(zone->map.words, index_of(product)))
        return already_free();
    return --zone->due == 0 ? attended(zone) : HEAP_OK;
}

enum heap_error objects_free(void *entry)
{
    return objects_entry_free(object_zone_at((uintptr_t)entry), entry);
}

/* Of a zone of another cache, or of none. */
static COLD enum heap_error not_of_cache(const void *entry)
{
    const struct object_zone *zone = object_zone_at((uintptr_t)entry);
    uint64_t product = product_of(zone, entry);

    return is_entry(zone, product) ? HEAP_FOREIGN : no_entry(product, zone);
}

enum heap_error object_cache_free(struct object_cache *cache, void *entry)
{
    struct object_zone *zone = object_zone_at((uintptr_t)entry);

    return zone->cache == cache ? objects_entry_free(zone, entry)
                                : not_of_cache(entry);
}

size_t objects_size(const void *entry)
{
    const struct object_zone *zone = object_zone_at((uintptr_t)entry);
    uint64_t product = product_of(zone, entry);
    uint32_t index = index_of(product);

    if (!is_entry(zone, product) ||
        zone->map.words[index / WORD_BITS] >> index % WORD_BITS & 1)
        return 0;
    return zone->cache->entry_bytes;
}

/* -- Caches -------------------------------------------------------------- */

bool object_cache_create(struct object_cache *cache, const char *name,
                         size_t bytes)
{
    uint32_t entry_bytes = align_up(bytes, HEAP_ALIGNMENT), pages;

    if (bytes == 0 || bytes > OBJECT_BYTES_MAX)
        return false;
    pages = bytes_to_pages(OBJECT_ROOM_ENTRIES * entry_bytes);
    if (pages > OBJECT_ZONE_PAGES_MAX)
        pages = OBJECT_ZONE_PAGES_MAX;
    *cache = (struct object_cache){
        .word = &object_heap.no_word,
        .entry_bytes = entry_bytes,
        .name = name,
        .reciprocal = UINT32_MAX / entry_bytes + 1,
        .zone_pages = pages,
        .zone_entries = (pages * PAGE_BYTES - PAGE_RUN_TAIL) / entry_bytes,
    };
    /* entry_bytes * reciprocal is 2^32 and a little: so much for each entry. */
    cache->map_words = (cache->zone_entries + WORD_BITS - 1) / WORD_BITS;
    cache->last_word = UINT32_MAX >> (0 - cache->zone_entries) % WORD_BITS;
    cache->rounding =
        (cache->zone_entries - 1) * (entry_bytes * cache->reciprocal) + 1;
    list_init(&cache->open);
    list_insert_before(&object_heap.caches, &cache->link);
    return true;
}

size_t object_cache_used(const struct object_cache *cache)
{
    size_t used = 0, full = cache->zones;

    for (const struct list_link *link = cache->open.next; link != &cache->open;
         link = link->next) {
        used += LIST_ITEM(link, const struct object_zone, link)->due;
        full--;
    }
    if (cache->zone) {
        const struct bitmap map = { cache->zone->map.words,
                                    cache->zone_entries };

        used += cache->zone_entries - bitmap_count(&map);
        full--;
    }
    return used + full * cache->zone_entries;
}

bool object_cache_destroy(struct object_cache *cache)
{
    if (object_cache_used(cache) > 0)
        return false;
    /* A zone that is all free and not the current one is gone already. */
    if (cache->zone)
        object_zone_destroy(cache->zone);
    list_remove(&cache->link);
    return true;
}

/* -- Starting ------------------------------------------------------------ */

static void *take_nothing(size_t count)
{
    (void)count;
    return NULL;
}

/* As many slots as pages, up to the next power of two. */
static bool take_page_map(void)
{
    struct object_zone **map;
    uint32_t slots = 1;

    while (slots < page_source_pages(&object_heap.source))
        slots *= 2;
    object_heap.map_pages =
        bytes_to_pages(slots * (uint32_t)sizeof *map + PAGE_RUN_TAIL);
    map = object_heap.source.take(object_heap.map_pages);
    if (!map) {
        object_heap.map_pages = 0;
        object_heap.source.take = take_nothing;
        return false;
    }
    for (uint32_t i = 0; i < slots; i++)
        map[i] = &object_heap.nowhere;
    object_heap.page_map = map;
    object_heap.page_mask = slots - 1;
    return true;
}

bool objects_init(const struct page_source *source)
{
    static const char *const names[OBJECT_SIZES] = {
        "objects of 8",   "objects of 16",  "objects of 32",  "objects of 64",
        "objects of 128", "objects of 256", "objects of 512", "objects of 1024",
    };
    uint32_t step = 0;

    memset(&object_heap, 0, sizeof object_heap);
    object_heap.source = *source;
    object_heap.no_map[0] = &object_heap.nowhere;
    object_heap.page_map = object_heap.no_map;
    list_init(&object_heap.caches);
    list_init(&object_heap.stores);
    for (uint32_t i = 0; i < OBJECT_SIZES; i++) {
        object_cache_create(&object_heap.sizes[i], names[i],
                            HEAP_ALIGNMENT << i);
        while (step < 1u << i)
            object_heap.size_for[step++] = &object_heap.sizes[i];
    }
    return take_page_map();
}

size_t objects_pages_held(void)
{
    size_t pages = object_heap.map_pages + object_heap.store_count;

    for (const struct list_link *link = object_heap.caches.next;
         link != &object_heap.caches; link = link->next) {
        const struct object_cache *cache =
            LIST_ITEM(link, const struct object_cache, link);

        pages += cache->zones * cache->zone_pages;
    }
    return pages;
}
