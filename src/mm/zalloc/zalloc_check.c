/* SPDX-License-Identifier: MIT */
/* Checks the invariants of zalloc.c; shares the layout with it, but no code.
 *
 * It begins with the page map, which is farthest from any payload.  It reads a
 * page only after the map has shown what kind of page it is.  A counter bounds
 * every loop, so a list that runs in a circle ends as a violation.
 *
 * It does not check payload, and it cannot find a bitmap and a counter that
 * were changed together.
 */
#include "mm/zalloc/zalloc.h"

#include "mm/zalloc/zalloc_zone.h"

static const char mapping[] = "I1: the page map marks zones and stores only";
static const char registered[] = "I2: a zone and its slot name each other";
static const char packed[] = "I3: all stores are full except the newest";
static const char used_bits[] = "I4: a zone's map agrees with its counter";
static const char open_list[] = "I5: a cache lists its zones with free entries";
static const char one_empty[] = "I6: a cache keeps one all-free zone at most";
static const char counting[] =
    "I7: the counters equal what the zones add up to";

/* The sums over the zones, of one cache or of all. */
struct tally {
    size_t zones, open, empty, used, bytes, pages;
};

/* Whether a page begins here that has this mark. */
static bool is_page_marked(const void *first, uint8_t mark)
{
    return (uintptr_t)first % PAGE_BYTES == 0 &&
           zalloc_page_mark((uintptr_t)first) == mark;
}

/* I3, and that the list of stores can be walked. */
static struct violation zalloc_check_stores(void)
{
    const struct zone_store *store = zalloc_heap.newest_store;
    size_t slots = 0;

    for (size_t i = 0; i < zalloc_heap.stores; i++) {
        if (!is_page_marked(store, PAGE_STORE))
            return (struct violation){ mapping, (uintptr_t)store, PAGE_STORE,
                                       zalloc_page_mark((uintptr_t)store) };
        if (store->used > STORE_SLOTS || (i > 0 && store->used != STORE_SLOTS))
            return (struct violation){ packed, (uintptr_t)store, STORE_SLOTS,
                                       store->used };
        slots += store->used;
        store = store->previous;
    }
    if (store)
        return (struct violation){ packed, (uintptr_t)store, 0,
                                   (uintptr_t)store };
    return violation_unless_equal(counting, &zalloc_heap.zones, slots,
                                  zalloc_heap.zones);
}

/* I2, and the zone's part of I1. */
static struct violation zalloc_check_slot(const struct zone_slot *slot)
{
    const struct zone *zone = slot->zone;

    if (!is_page_marked(zone, PAGE_ZONE_FIRST))
        return (struct violation){ mapping, (uintptr_t)zone, PAGE_ZONE_FIRST,
                                   zalloc_page_mark((uintptr_t)zone) };
    if (zone->slot != slot)
        return (struct violation){ registered, (uintptr_t)zone, (uintptr_t)slot,
                                   (uintptr_t)zone->slot };
    if (!zalloc_has_cache(zone->cache))
        return (struct violation){ registered, (uintptr_t)zone, 0,
                                   (uintptr_t)zone->cache };
    for (size_t i = 0; i < zone->cache->zone_pages; i++) {
        uintptr_t page = (uintptr_t)zone + i * PAGE_BYTES;

        if (zalloc_page_mark(page) != PAGE_ZONE_FIRST + i)
            return (struct violation){ mapping, page, PAGE_ZONE_FIRST + i,
                                       zalloc_page_mark(page) };
    }
    return violation_unless_equal(registered, slot, zone->cache->entry_bytes,
                                  slot->entry_bytes);
}

/* I4, bit by bit: slower than the allocator, which takes words, and other code.
 */
static struct violation zalloc_check_bitmap(const struct zone *zone)
{
    size_t used = 0, first_free = zone->cache->zone_entries;

    for (size_t i = zone->cache->zone_entries; i-- > 0;) {
        if (bit_test(zone->words, (uint32_t)i))
            used++;
        else
            first_free = i;
    }
    if (zone->first_word > first_free / BITMAP_WORD_BITS)
        return (struct violation){ used_bits, (uintptr_t)&zone->first_word,
                                   first_free / BITMAP_WORD_BITS,
                                   zone->first_word };
    return violation_unless_equal(used_bits, zone, used, zone->used);
}

/* Adds one zone to the tally. */
static void add_zone(struct tally *tally, const struct zone *zone)
{
    tally->zones++;
    tally->open += zone->used < zone->cache->zone_entries;
    tally->empty += zone->used == 0;
    tally->used += zone->used;
    tally->bytes += zone->used * zone->cache->entry_bytes;
    tally->pages += zone->cache->zone_pages;
}

/* I2 and I4 of all zones; the stores can be walked. */
static struct violation zalloc_check_zones(struct tally *all)
{
    const struct zone_store *store = zalloc_heap.newest_store;
    struct violation violation = SOUND;

    for (; store; store = store->previous) {
        for (size_t i = 0; i < store->used; i++) {
            violation = zalloc_check_slot(&store->slots[i]);
            if (is_sound(violation))
                violation = zalloc_check_bitmap(store->slots[i].zone);
            if (!is_sound(violation))
                return violation;
            add_zone(all, store->slots[i].zone);
        }
    }
    return violation;
}

/* I1, the other direction: every marked page belongs to a zone or a store. */
static struct violation zalloc_check_page_map(const struct tally *all)
{
    size_t marked = 0;

    for (size_t i = 0; i < page_source_pages(&zalloc_heap.source); i++)
        marked += zalloc_heap.source.page_map[i] != PAGE_NOT_OURS;
    return violation_unless_equal(mapping, zalloc_heap.source.page_map,
                                  all->pages + zalloc_heap.stores, marked);
}

/* I5: the list has `open` zones, each of this cache and with a free entry. */
static struct violation zalloc_check_open_list(const struct zone_cache *cache,
                                               size_t open)
{
    const struct list_link *link = &cache->open;

    for (size_t i = 0; i <= open; i++) {
        const struct list_link *next = link->next;
        const struct zone *zone = LIST_ITEM(next, const struct zone, link);
        bool is_end = i == open;

        if (is_end != (next == &cache->open))
            return (struct violation){ open_list, (uintptr_t)link, open, i };
        if (!is_end && !is_page_marked(zone, PAGE_ZONE_FIRST))
            return (struct violation){ open_list, (uintptr_t)link,
                                       PAGE_ZONE_FIRST,
                                       zalloc_page_mark((uintptr_t)next) };
        if (next->previous != link)
            return (struct violation){ open_list, (uintptr_t)next,
                                       (uintptr_t)link,
                                       (uintptr_t)next->previous };
        if (!is_end &&
            (zone->cache != cache || zone->used == cache->zone_entries))
            return (struct violation){ open_list, (uintptr_t)zone,
                                       cache->zone_entries - 1, zone->used };
        link = next;
    }
    return SOUND;
}

/* I5 to I7 for one cache; the stores lead to its zones. */
static struct violation zalloc_check_cache(const struct zone_cache *cache)
{
    const struct zone_store *store = zalloc_heap.newest_store;
    struct tally own = { 0 };
    struct violation violation;

    for (; store; store = store->previous) {
        for (size_t i = 0; i < store->used; i++) {
            if (store->slots[i].zone->cache == cache)
                add_zone(&own, store->slots[i].zone);
        }
    }
    if (own.empty > 1)
        return (struct violation){ one_empty, (uintptr_t)cache, 1, own.empty };
    violation = zalloc_check_open_list(cache, own.open);
    if (is_sound(violation))
        violation = violation_unless_equal(counting, &cache->zones, own.zones,
                                           cache->zones);
    if (is_sound(violation))
        violation = violation_unless_equal(counting, &cache->used, own.used,
                                           cache->used);
    return violation;
}

/* I7, for all zones together. */
static struct violation zalloc_check_counters(const struct tally *all)
{
    const struct heap_usage *usage = &zalloc_heap.usage;
    struct violation violation = violation_unless_equal(
        counting, &usage->used_blocks, all->used, usage->used_blocks);

    if (is_sound(violation))
        violation = violation_unless_equal(counting, &usage->used_bytes,
                                           all->bytes, usage->used_bytes);
    return violation;
}

/* Weak: a student's file with another layout has one of its own. */
__attribute__((weak)) struct violation zalloc_check(void)
{
    const struct list_link *head = &zalloc_heap.caches, *link;
    struct tally all = { 0 };
    struct violation violation = zalloc_check_stores();

    if (is_sound(violation))
        violation = zalloc_check_zones(&all);
    if (is_sound(violation))
        violation = zalloc_check_page_map(&all);
    for (link = head->next; is_sound(violation) && link != head;
         link = link->next)
        violation =
            zalloc_check_cache(LIST_ITEM(link, const struct zone_cache, link));
    if (is_sound(violation))
        violation = zalloc_check_counters(&all);
    return violation;
}
