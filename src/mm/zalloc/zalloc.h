/* SPDX-License-Identifier: MIT */
/* The zone allocator: entries of fixed sizes, with the bookkeeping of many
 * entries in one place instead of a header before each.
 *
 * Here the z of "zalloc" means zone, and a zone is a run of pages with entries
 * of one size, which is often called a slab.  In Linux, z means zeroed, and a
 * zone is a range of physical memory.
 */
#ifndef MM_ZALLOC_ZALLOC_H
#define MM_ZALLOC_ZALLOC_H

#include "lib/list.h"
#include "mm/heap/heap.h"
#include "mm/heap/page_source.h"

#define ZALLOC_BYTES_MIN 8u
#define ZALLOC_BYTES_MAX 1024u

/* Starts with no zones.  May be called again after the source has taken its
 * pages back; all entries and all caches are gone then. */
enum stage_state zalloc_init(const struct page_source *source);

/* An entry whose size is the smallest power of two that holds `bytes`.  NULL if
 * there is no page for a new zone, for more than ZALLOC_BYTES_MAX bytes, and
 * for an alignment above HEAP_ALIGNMENT. */
void *zalloc_alloc(size_t bytes, size_t alignment);
/* Frees an entry of any zone, also of a dedicated cache: its address leads to
 * its zone.  On any error nothing changes. */
enum heap_error zalloc_free(void *payload);
/* Whether the entry holds `bytes`.  An entry never moves to a smaller size, so
 * making a block smaller cannot fail. */
bool zalloc_resize(void *payload, size_t bytes);
/* The size of the entry; 0 if `payload` is not an entry in use. */
size_t zalloc_size(const void *payload);
/* Gives back the zones that are kept although they are empty; whether there
 * were any. */
bool zalloc_reclaim(void);
/* Whether `payload` is in a page of a zone or of a store. */
bool zalloc_owns(const void *payload);
/* Visits zone headers, entries and stores by address; false if the visitor
 * ended the walk. */
bool zalloc_walk(block_visitor visit, void *context);

/* All zones of one entry size.  There are eight, for the powers of two.  A
 * caller who needs many objects of one type creates one more, for exactly their
 * size.  The caller provides the struct and does not touch its members. */
struct zone_cache {
    struct list_link link; /* in the list of all caches */
    struct list_link open; /* its zones with a free entry */
    const char *name;
    size_t entry_bytes;
    size_t zone_pages;
    size_t zone_entries;
    size_t first_entry; /* bytes from the start of a zone */
    size_t zones;
    size_t used; /* entries, in all its zones */
};

/* Makes a cache for objects of `bytes` bytes, rounded up to HEAP_ALIGNMENT.
 * False if that is 0 or more than ZALLOC_BYTES_MAX.  Takes no memory yet. */
bool zone_cache_create(struct zone_cache *cache, const char *name,
                       size_t bytes);
/* One entry; NULL if there is no page for a new zone. */
void *zone_cache_alloc(struct zone_cache *cache);
/* As zalloc_free(), but an entry of another cache is refused as foreign. */
enum heap_error zone_cache_free(struct zone_cache *cache, void *payload);
/* Gives the cache's memory back, and takes the cache out of the list of caches:
 * its structure is the caller's again.  False, and nothing changed, while any
 * of its entries is in use. */
bool zone_cache_destroy(struct zone_cache *cache);

/* The first invariant of zalloc.c that does not hold. */
struct violation zalloc_check(void);

extern const struct heap_backend zalloc_backend;

#endif
