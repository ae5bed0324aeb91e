/* SPDX-License-Identifier: MIT */
/* Checks objects.c from outside: knows the layout, shares no logic with it.
 *
 * The page map is where the zones are found, so it is believed only as far as
 * the records it leads to say the same.  Every loop is bounded by a counter.
 */
#include "bench/allocators/objects.h"

#include "bench/allocators/objects_zone.h"

static const char mapping[] = "I1: the page map leads from pages to records";
static const char record[] = "I2: a record repeats what its cache says";
static const char behind[] = "I3: no bit after the last entry is set";
static const char listed[] = "I4: open zones are listed, and due in time";
static const char looked_at[] = "I5: the word looked at is the current zone's";
static const char stores[] = "I6: stores count their records";
static const char counting[] = "I7: the counters equal what the zones add to";

static bool objects_is_cache(const struct object_cache *cache)
{
    const struct list_link *head = &object_heap.caches;

    for (const struct list_link *at = head->next; at != head; at = at->next) {
        if (at == &cache->link)
            return true;
    }
    return false;
}

/* Bit by bit, unlike the allocator. */
static uint32_t free_entries(const struct object_zone *zone)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < zone->cache->zone_entries; i++)
        count += zone->map.words[i / WORD_BITS] >> i % WORD_BITS & 1;
    return count;
}

/* I2 and I3. */
static struct violation objects_check_record(const struct object_zone *zone)
{
    const struct object_cache *cache = zone->cache;
    struct violation violation;

    if (!objects_is_cache(cache))
        return (struct violation){ record, (uintptr_t)zone, 0,
                                   (uintptr_t)cache };
    violation = violation_unless_equal(record, zone, cache->reciprocal,
                                       zone->reciprocal);
    if (is_sound(violation))
        violation = violation_unless_equal(record, zone, cache->rounding,
                                           zone->rounding);
    if (is_sound(violation))
        violation = violation_unless_equal(record, zone, cache->zone_entries,
                                           zone->entries);
    for (uint32_t i = cache->zone_entries;
         is_sound(violation) && i < cache->map_words * WORD_BITS; i++)
        violation = violation_unless_equal(
            behind, zone, 0,
            zone->map.words[i / WORD_BITS] >> i % WORD_BITS & 1);
    return violation;
}

/* I4: when it is due. */
static struct violation objects_check_due(const struct object_zone *zone)
{
    uint32_t free = free_entries(zone);

    /* The current zone's has been counted down from DUE_NEVER. */
    if (zone == zone->cache->zone)
        return violation_unless_equal(listed, zone, false, is_listed(zone));
    if (free == 0 && !is_listed(zone))
        return violation_unless_equal(listed, zone, 1, zone->due);
    if (!is_listed(zone) || free == zone->entries)
        return (struct violation){ listed, (uintptr_t)zone, zone->entries - 1,
                                   free };
    return violation_unless_equal(listed, zone, zone->entries - free,
                                  zone->due);
}

/* Whether the slot of each page of the zone leads to it, the first of which
 * is `slot`. */
static struct violation objects_check_pages(const struct object_zone *zone,
                                            struct object_zone *const *slot)
{
    if (zone->begin % PAGE_BYTES != 0 || object_map_slot(zone->begin) != slot)
        return (struct violation){ mapping, (uintptr_t)zone, 0, zone->begin };
    for (uint32_t i = 0; i < zone->cache->zone_pages; i++) {
        const struct object_zone *there =
            object_zone_at(zone->begin + i * PAGE_BYTES);

        if (there != zone)
            return violation_unless_equal(mapping, zone, (uintptr_t)zone,
                                          (uintptr_t)there);
    }
    return SOUND;
}

/* All zones, each where its first page is. */
static struct violation objects_check_zones(void)
{
    uint32_t pages = 0, expected = 0;
    struct violation violation;

    for (uint32_t i = 0; i <= object_heap.page_mask; i++) {
        struct object_zone *const *slot = &object_heap.page_map[i];
        const struct object_zone *zone = *slot;

        if (zone == &object_heap.nowhere)
            continue;
        pages++;
        if (object_map_slot(zone->begin) != slot)
            continue; /* one of its other pages, which are counted below */
        violation = objects_check_record(zone);
        if (is_sound(violation))
            violation = objects_check_pages(zone, slot);
        if (is_sound(violation))
            violation = objects_check_due(zone);
        if (!is_sound(violation))
            return violation;
        expected += zone->cache->zone_pages;
    }
    return violation_unless_equal(mapping, object_heap.page_map, expected,
                                  pages);
}

/* I7 and the rest of I4: the list has no zones but those that
 * objects_check_due() has found on it. */
static struct violation objects_check_list(const struct object_cache *cache)
{
    const struct list_link *link = &cache->open;
    uint32_t zones = 0, open = 0;

    for (uint32_t i = 0; i <= object_heap.page_mask; i++) {
        const struct object_zone *zone = object_heap.page_map[i];

        if (zone->cache == cache &&
            object_map_slot(zone->begin) == &object_heap.page_map[i]) {
            zones++;
            open += is_listed(zone);
        }
    }
    for (uint32_t i = 0; i <= open; i++) {
        if (link->next->previous != link ||
            (i == open) != (link->next == &cache->open))
            return (struct violation){ listed, (uintptr_t)link, open, i };
        link = link->next;
    }
    return violation_unless_equal(counting, cache, zones, cache->zones);
}

/* I4: what DUE_NEVER says of the current zone, whose word `word` is looked
 * at. */
static struct violation objects_check_passed(const struct object_zone *zone,
                                             uint32_t word)
{
    for (uint32_t i = 0; zone->due == DUE_NEVER && i < word; i++) {
        if (zone->map.words[i] != 0)
            return violation_unless_equal(listed, zone, 0, zone->map.words[i]);
    }
    return SOUND;
}

/* I5. */
static struct violation objects_check_word(const struct object_cache *cache)
{
    const struct object_zone *zone = cache->zone;
    uint32_t word;

    if (!zone)
        return violation_unless_equal(looked_at, cache,
                                      (uintptr_t)&object_heap.no_word,
                                      (uintptr_t)cache->word);
    if (zone->cache != cache || object_zone_at(zone->begin) != zone)
        return (struct violation){ looked_at, (uintptr_t)cache, 0,
                                   (uintptr_t)zone };
    word = (uint32_t)(cache->word - zone->map.words);
    if (word >= cache->map_words)
        return (struct violation){ looked_at, (uintptr_t)cache,
                                   cache->map_words - 1, word };
    if (cache->word_begin !=
        zone->begin + word * WORD_BITS * cache->entry_bytes)
        return (struct violation){ looked_at, (uintptr_t)cache, zone->begin,
                                   cache->word_begin };
    return objects_check_passed(zone, word);
}

/* I6, of those that are listed; the others are full. */
static struct violation objects_check_stores(uint32_t zones)
{
    const struct list_link *head = &object_heap.stores, *at = head;
    uint32_t count = 0, used = 0;

    while (at->next != head && count++ < object_heap.store_count) {
        const struct object_store *store =
            LIST_ITEM(at->next, const struct object_store, link);
        uint32_t in_use = 0;

        for (uint32_t i = 0; i < STORE_RECORDS; i++)
            in_use += &store->records[i] < store->fresh &&
                      store->records[i].begin != 0;
        if (store->used != in_use || in_use == STORE_RECORDS)
            return violation_unless_equal(stores, store, in_use, store->used);
        used += in_use;
        at = at->next;
    }
    if (at->next != head)
        return violation_unless_equal(stores, head, object_heap.store_count,
                                      count);
    used += (object_heap.store_count - count) * STORE_RECORDS;
    return violation_unless_equal(stores, head, zones, used);
}

struct violation objects_check(void)
{
    const struct list_link *head = &object_heap.caches, *link;
    struct violation violation;
    uint32_t zones = 0;

    violation = violation_unless_equal(mapping, &object_heap.no_word, 0,
                                       object_heap.no_word);
    if (is_sound(violation))
        violation = objects_check_zones();
    for (link = head->next; is_sound(violation) && link != head;
         link = link->next) {
        const struct object_cache *cache =
            LIST_ITEM(link, const struct object_cache, link);

        violation = objects_check_word(cache);
        if (is_sound(violation))
            violation = objects_check_list(cache);
        zones += cache->zones;
    }
    return is_sound(violation) ? objects_check_stores(zones) : violation;
}
