/* SPDX-License-Identifier: MIT */
/* Visits zones and stores page by page.  It follows the page map and not the
 * stores, because a walk is in address order. */
#include "mm/zalloc/zalloc.h"

#include "mm/zalloc/zalloc_zone.h"

/* Visits the header of a zone, then its entries. */
static bool zalloc_walk_zone(struct zone *zone, block_visitor visit,
                             void *context)
{
    const struct zone_cache *cache = zone->cache;
    const struct bitmap bitmap = zone_bitmap(zone);
    struct block block = {
        .address = (uintptr_t)zone,
        .bytes = cache->first_entry,
        .state = BLOCK_BOOKKEEPING,
        .owner = cache->name,
    };

    if (!visit(&block, context))
        return false;
    block.bytes = cache->entry_bytes;
    for (size_t i = 0; i < cache->zone_entries; i++) {
        block.address = (uintptr_t)zone_entry(zone, i);
        block.state = bitmap_test(&bitmap, i) ? BLOCK_USED : BLOCK_FREE;
        if (!visit(&block, context))
            return false;
    }
    return true;
}

/* Visits a store, as one block of bookkeeping. */
static bool walk_store(uintptr_t store, block_visitor visit, void *context)
{
    struct block block = {
        .address = store,
        .bytes = PAGE_BYTES - PAGE_RUN_TAIL,
        .state = BLOCK_BOOKKEEPING,
        .owner = "zone store",
    };

    return visit(&block, context);
}

bool zalloc_walk(block_visitor visit, void *context)
{
    uintptr_t first = align_down(zalloc_heap.source.begin, PAGE_BYTES);
    size_t pages = page_source_pages(&zalloc_heap.source);

    for (size_t i = 0; i < pages; i++) {
        uintptr_t page = first + i * PAGE_BYTES;
        uint8_t mark = zalloc_heap.source.page_map[i];

        if (mark == PAGE_ZONE_FIRST &&
            !zalloc_walk_zone((struct zone *)page, visit, context))
            return false;
        if (mark == PAGE_STORE && !walk_store(page, visit, context))
            return false;
    }
    return true;
}
