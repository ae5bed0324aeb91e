/* SPDX-License-Identifier: MIT */
/* How object caches are in memory; for the objects_*.c files only.
 *
 *     page map      a store, 1 page                    a zone, 1 to 3 pages
 *     +--------+    +-------+--------+--------+-- --+   +---------+---------+-
 *     | page 0 |    | store | record | record |     |   | entry 0 | entry 1 |
 *     | page 1 |--->        +--------+              |   +---------+---------+-
 *     | page 2 |            | begin -------------------> nothing but entries
 *     |  ...   |            | map: 1 1 0 1 1 ...        and 8 bytes of tail
 *
 * A zone's record has all that is known about it.  A write that misses its
 * entry meets other entries, or the tail; never a record, unless it misses by
 * pages.
 */
#ifndef BENCH_ALLOCATORS_OBJECTS_ZONE_H
#define BENCH_ALLOCATORS_OBJECTS_ZONE_H

#include "bench/allocators/objects.h"
#include "lib/bits.h"

/* On the way of every call, of one in many, or of none that is right: said to
 * the compiler, which has few registers to keep for what is rare. */
#define HOT  inline __attribute__((always_inline))
#define RARE __attribute__((noinline))
#define COLD __attribute__((noinline, cold))

#define MAP_WORDS 16u

/* Enough room for this many entries, so that what does not fit at the end is
 * little; but no more than OBJECT_ZONE_PAGES_MAX, for a cache that is hardly
 * used. */
#define OBJECT_ROOM_ENTRIES   64u
#define OBJECT_ZONE_PAGES_MAX 3u

/* The word after those that a zone uses is never 0: every search ends there,
 * and asks only then whether it has found anything. */
struct object_map {
    uint32_t words[MAP_WORDS + 1]; /* a set bit for a free entry */
};

struct object_zone {
    struct object_map map;
    uintptr_t begin;     /* of its pages; 0: an unused record */
    uint32_t reciprocal; /* this and the next two are its cache's, for one look
                          * less */
    uint32_t rounding;
    uint32_t entries;
    uint32_t due; /* after this many frees zone_attend() must look */
    struct object_cache *cache;
    struct list_link link; /* in cache->open; alone if it is not in there */
    struct object_zone *next_free; /* of an unused record */
};

/* `due` of a zone that has just become the current one.  Its frees count down
 * from here and lead to nothing, so a smaller number says that some entry has
 * come back. */
#define DUE_NEVER UINT32_MAX

_Static_assert(PAGE_BYTES / HEAP_ALIGNMENT <= MAP_WORDS * WORD_BITS &&
                   OBJECT_ROOM_ENTRIES * 2 <= MAP_WORDS * WORD_BITS,
               "a zone has no more entries than its map has bits");

struct object_store {
    struct list_link link;     /* in object_heap.stores, while it has room */
    struct object_zone *free;  /* records that have been in use once */
    struct object_zone *fresh; /* this one and those after it never were */
    uint32_t used;             /* records */
    struct object_zone records[];
};

#define STORE_RECORDS                                             \
    ((PAGE_BYTES - PAGE_RUN_TAIL - sizeof(struct object_store)) / \
     sizeof(struct object_zone))

#define OBJECT_SIZES 8u

_Static_assert(HEAP_ALIGNMENT << (OBJECT_SIZES - 1) == OBJECT_BYTES_MAX,
               "the sizes are the powers of two between the limits");

struct object_heap {
    struct page_source source;
    uint32_t page_mask;
    struct object_zone **page_map; /* &nowhere for all other pages */
    struct list_link caches;       /* the eight sizes, then the others */
    struct list_link stores;       /* those with a free record */
    uint32_t store_count, map_pages;
    struct object_cache sizes[OBJECT_SIZES];
    /* Which of the sizes serves a request of (bytes - 1) / HEAP_ALIGNMENT. */
    struct object_cache *size_for[OBJECT_BYTES_MAX / HEAP_ALIGNMENT];
    /* Stands in for the zone of a foreign page: its reciprocal, 0, lets no
     * address be an entry. */
    struct object_zone nowhere;
    struct object_zone *no_map[1]; /* the page map before there is a page */
    uint32_t no_word; /* 0: stands in for the map of no current zone */
};

extern struct object_heap object_heap;

/* Where the page map speaks of the page with `address` in it.  Pages outside of
 * the source share a slot with one inside, so the slot does not say whether an
 * address is in the zone: the zone's `begin` does. */
static HOT struct object_zone **object_map_slot(uintptr_t address)
{
    uint32_t slot = address >> PAGE_SHIFT & object_heap.page_mask;

    return &object_heap.page_map[slot];
}

/* The record of the only zone that `address` can be in. */
static HOT struct object_zone *object_zone_at(uintptr_t address)
{
    return *object_map_slot(address);
}

/* A new zone, all free, in no list; NULL, and nothing changed, if there is no
 * page for it or for its record. */
struct object_zone *object_zone_create(struct object_cache *cache);
/* Gives back a zone that is all free and in no list. */
void object_zone_destroy(struct object_zone *zone);

static inline bool is_listed(const struct object_zone *zone)
{
    return zone->link.next != &zone->link;
}

#endif
