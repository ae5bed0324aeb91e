/* SPDX-License-Identifier: MIT */
/* From an address to its entry; each step is proved before the next one:
 *
 *     address -> page map -> zone -> slot and back -> cache -> entry -> bit
 *
 * The map, the slot and the list of caches are outside the zone, so a write
 * past the end of an entry cannot make them agree with a zone that it has
 * damaged.
 */
#include "mm/zalloc/zalloc_zone.h"

#include "lib/panic.h"

#include <stddef.h>

bool zalloc_has_cache(const struct zone_cache *cache)
{
    const struct list_link *head = &zalloc_heap.caches;

    for (const struct list_link *at = head->next; at != head; at = at->next) {
        /* No pointer is formed from `cache`: it may be any number. */
        if ((uintptr_t)at ==
            (uintptr_t)cache + offsetof(struct zone_cache, link))
            return true;
    }
    return false;
}

/* The zone whose page has `address` in it; `mark` is the mark of that page.
 * NULL if zone, slot and cache do not agree. */
static struct zone *zalloc_zone_at(uintptr_t address, uint8_t mark)
{
    uintptr_t back = (uintptr_t)(mark - PAGE_ZONE_FIRST) * PAGE_BYTES;
    uintptr_t page = align_down(address, PAGE_BYTES);
    struct zone *zone = (struct zone *)(page - back);
    const struct zone_slot *slot;

    ASSERT(mark != PAGE_NOT_OURS && mark != PAGE_STORE);
    if (zalloc_page_mark((uintptr_t)zone) != PAGE_ZONE_FIRST)
        return NULL;
    slot = zone->slot;
    if (zalloc_page_mark((uintptr_t)slot) != PAGE_STORE ||
        (uintptr_t)slot % sizeof *slot != 0 || slot->zone != zone)
        return NULL;
    if (!zalloc_has_cache(zone->cache) ||
        zone->cache->entry_bytes != slot->entry_bytes)
        return NULL;
    return zone;
}

enum heap_error zalloc_find(const void *payload, struct entry *entry)
{
    uintptr_t address = (uintptr_t)payload;
    uint8_t mark = zalloc_page_mark(address);
    const struct zone_cache *cache;
    struct bitmap bitmap;
    size_t offset;

    if (mark == PAGE_NOT_OURS || mark == PAGE_STORE)
        return HEAP_FOREIGN;
    if (address % HEAP_ALIGNMENT != 0)
        return HEAP_MISALIGNED;
    entry->zone = zalloc_zone_at(address, mark);
    if (!entry->zone)
        return HEAP_CORRUPT;
    cache = entry->zone->cache;
    offset = address - (uintptr_t)entry->zone;
    if (offset < cache->first_entry)
        return HEAP_FOREIGN;
    offset -= cache->first_entry;
    entry->index = offset / cache->entry_bytes;
    if (entry->index >= cache->zone_entries)
        return HEAP_FOREIGN;
    if (offset % cache->entry_bytes != 0)
        return HEAP_INTERIOR;
    bitmap = zone_bitmap(entry->zone);
    return bitmap_test(&bitmap, entry->index) ? HEAP_OK : HEAP_ALREADY_FREE;
}
