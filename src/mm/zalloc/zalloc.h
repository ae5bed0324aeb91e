/* SPDX-License-Identifier: MIT */
/* The zone allocator: entries of fixed sizes, with their bookkeeping beside
 * them instead of in front of each.
 *
 * In "zalloc" the z is for zone.  Elsewhere it often means zeroed, and there a
 * zone may be a stretch of physical memory: here a zone is a run of pages with
 * entries of one size, what others call a slab.
 */
#ifndef MM_ZALLOC_ZALLOC_H
#define MM_ZALLOC_ZALLOC_H

#include "lib/list.h"
#include "mm/heap/heap.h"
#include "mm/heap/page_source.h"

#define ZALLOC_BYTES_MIN 8u
#define ZALLOC_BYTES_MAX 1024u

/* Starts with no zones at all.  May be called again at any time, once the
 * source has got its pages back by other means; what was allocated before is
 * forgotten, and so are the caches. */
enum stage_state zalloc_init(const struct page_source *source);

/* An entry of the smallest power of two that holds `bytes`.  NULL if there is
 * no page for a new zone, and for what is not zalloc's: more than
 * ZALLOC_BYTES_MAX bytes, or an alignment above HEAP_ALIGNMENT. */
void *zalloc_alloc(size_t bytes, size_t alignment);
/* Frees an entry of any zone, those of dedicated caches too: the address says
 * where it belongs.  On any error nothing changes. */
enum heap_error zalloc_free(void *payload);
/* Whether the entry holds `bytes`.  An entry stays where it is when its
 * contents shrink, so that making something smaller cannot fail. */
bool zalloc_resize(void *payload, size_t bytes);
/* The entry's size; 0 if it is no entry in use. */
size_t zalloc_size(const void *payload);
bool zalloc_owns(const void *payload);
bool zalloc_walk(block_visitor visit, void *context);

/* All zones of one entry size.  The eight powers of two are eight of these;
 * whoever needs many things of one type makes one more, for exactly their
 * size.  The caller provides the struct and leaves its members alone. */
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

/* A cache for things of `bytes` bytes, rounded up to HEAP_ALIGNMENT.  False if
 * that is 0 or more than ZALLOC_BYTES_MAX.  Takes no memory yet. */
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
