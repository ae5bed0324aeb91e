/* SPDX-License-Identifier: MIT */
/* How zalloc lays out memory; for the zalloc_*.c files only.
 *
 *     a zone, 1 to 4 pages                                        tail
 *     +------+------------+---------+---------+-- ... --+---------+--+
 *     | zone | bitmap     | entry 0 | entry 1 |         | entry n |  |
 *     +------+------------+---------+---------+-- ... --+---------+--+
 *      ^ |
 *      | +--> its slot        a store, 1 page
 *      |                      +-------+--------+--------+-- ... --+
 *      +----------------------| store | slot 0 | slot 1 |         |
 *                             +-------+--------+--------+-- ... --+
 *                               +--> the store before it
 */
#ifndef MM_ZALLOC_ZALLOC_ZONE_H
#define MM_ZALLOC_ZALLOC_ZONE_H

#include "lib/bitmap.h"
#include "lib/panic.h"
#include "mm/zalloc/zalloc.h"

/* The header of a zone, at the beginning of its first page. */
struct zone {
    struct list_link link; /* in the cache's list, while an entry is free */
    struct zone_cache *cache;
    struct zone_slot *slot; /* this zone's slot in a store */
    uint16_t used;          /* entries */
    uint16_t first_word;    /* no earlier word of the bitmap has a free bit */
    uint32_t words[];       /* the bitmap; a set bit is an entry in use */
};

struct zone_slot {
    struct zone *zone;
    uint32_t entry_bytes;
};

struct zone_store {
    struct zone_store *previous; /* the store before, always full; or NULL */
    uint32_t used;               /* slots [0, used) hold zones */
    struct zone_slot slots[];
};

/* A page of 8-byte slots, less the store's own header and the tail. */
#define STORE_SLOTS                                             \
    ((PAGE_BYTES - PAGE_RUN_TAIL - sizeof(struct zone_store)) / \
     sizeof(struct zone_slot))

/* A zone is at least as long as 16 entries, so that its header, which takes the
 * space of up to one entry, costs at most a sixteenth.  In one page of
 * 1024-byte entries it would cost a quarter. */
#define ZONE_ROOM_ENTRIES 16u

_Static_assert(sizeof(struct zone_slot) == 8, "a page of slots is 512 of them");
_Static_assert(STORE_SLOTS == 510, "and two go to the header and the tail");
_Static_assert(sizeof(struct zone) + sizeof(uint32_t) + PAGE_RUN_TAIL <=
                   PAGE_BYTES / ZONE_ROOM_ENTRIES,
               "header, bitmap and tail together take one entry at most");
_Static_assert(ZALLOC_BYTES_MIN % HEAP_ALIGNMENT == 0,
               "entries that follow each other are all aligned");

/* A byte of the page map: 0, or k for the k-th page of a zone, counted from 1,
 * or 255 for a store. */
#define PAGE_NOT_OURS   0u
#define PAGE_ZONE_FIRST 1u
#define PAGE_STORE      255u

/* The entry sizes 8, 16 ... 1024. */
#define ENTRY_SIZES 8u

_Static_assert(ZALLOC_BYTES_MIN << (ENTRY_SIZES - 1) == ZALLOC_BYTES_MAX,
               "the entry sizes are the powers of two between the limits");

struct zalloc_heap {
    struct page_source source;
    struct zone_cache sizes[ENTRY_SIZES];
    struct list_link caches; /* the eight sizes, then the dedicated ones */
    struct zone_store *newest_store;
    size_t stores, zones;
    struct heap_usage usage;
};

extern struct zalloc_heap zalloc_heap;

/* The index in the page map of the page with `address` in it. */
static inline size_t zalloc_page_index(uintptr_t address)
{
    return (address >> PAGE_SHIFT) - (zalloc_heap.source.begin >> PAGE_SHIFT);
}

/* The mark in the page map of the page with `address` in it; PAGE_NOT_OURS for
 * an address outside the source. */
static inline uint8_t zalloc_page_mark(uintptr_t address)
{
    const struct page_source *source = &zalloc_heap.source;

    if (address < source->begin || address >= source->end)
        return PAGE_NOT_OURS;
    return source->page_map[zalloc_page_index(address)];
}

/* The bitmap of a zone's entries. */
static inline struct bitmap zone_bitmap(struct zone *zone)
{
    return (struct bitmap){ zone->words, zone->cache->zone_entries };
}

/* Entry `index`, counted from 0. */
static inline void *zone_entry(const struct zone *zone, size_t index)
{
    ASSERT_BELOW(index, zone->cache->zone_entries);
    return (void *)((uintptr_t)zone + zone->cache->first_entry +
                    index * zone->cache->entry_bytes);
}

/* An entry, found from its address alone. */
struct entry {
    struct zone *zone;
    size_t index;
};

/* Whether this is one of the caches; reads nothing in `cache`. */
bool zalloc_has_cache(const struct zone_cache *cache);
/* HEAP_OK, and `entry` filled in, if an entry in use begins at `payload`; else
 * the reason why not. */
enum heap_error zalloc_find(const void *payload, struct entry *entry);

#endif
