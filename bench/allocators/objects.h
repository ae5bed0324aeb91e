/* SPDX-License-Identifier: MIT */
/* Object caches: the zone allocator once more, as armour is malloc once more.
 *
 * zalloc keeps a header and a bitmap before the entries of a zone.  Here they
 * are in pages where no entry is, and a call takes a fifth of the instructions.
 * This is a second allocator and not a better first one: students write
 * zalloc.c in a lab, and they draw a zone before they count an instruction.
 *
 * Under kmalloc() they would lose: an entry that comes back in one size serves
 * no other (docs/allocators.md).  They are for code that needs many things of
 * one type.  The kernel has no such code, so they are built for the host alone.
 */
#ifndef BENCH_ALLOCATORS_OBJECTS_H
#define BENCH_ALLOCATORS_OBJECTS_H

#include "lib/list.h"
#include "mm/heap/heap.h"
#include "mm/heap/page_source.h"

#define OBJECT_BYTES_MAX 1024u

struct object_zone;

/* All zones of one entry size.  The caller provides the struct and leaves its
 * members alone. */
struct object_cache {
    uint32_t *word;       /* of the current zone's map: look here first */
    uintptr_t word_begin; /* the entry that its lowest bit stands for */
    uint32_t entry_bytes;
    struct object_zone *zone; /* the current one; NULL: none */
    struct list_link open;    /* the other zones that have a free entry */
    struct list_link link;    /* in the list of all caches */
    const char *name;
    uint32_t reciprocal; /* 2^32 / entry_bytes, rounded up */
    uint32_t rounding;   /* more than that adds to any entry's product */
    uint32_t zone_pages, zone_entries, map_words; /* of each zone */
    uint32_t last_word; /* of the map, when all is free */
    uint32_t zones;
};

/* Starts with no caches but the eight sizes.  The page map is taken from the
 * source here; false if it has no room for it, and then it has no page for a
 * zone either. */
bool objects_init(const struct page_source *source);

/* A cache for things of `bytes` bytes, rounded up to HEAP_ALIGNMENT.  False if
 * that is 0 or more than OBJECT_BYTES_MAX.  Takes no memory yet. */
bool object_cache_create(struct object_cache *cache, const char *name,
                         size_t bytes);
/* One entry; NULL if there is no page for a new zone. */
void *object_cache_alloc(struct object_cache *cache);
/* On any error nothing changes.  An entry of another cache is foreign. */
enum heap_error object_cache_free(struct object_cache *cache, void *entry);
/* Gives the cache's memory back.  False, and nothing changed, while any of its
 * entries is in use. */
bool object_cache_destroy(struct object_cache *cache);
/* Entries in use, added up: takes longer the more zones have free ones. */
size_t object_cache_used(const struct object_cache *cache);

/* The same from eight caches of 8, 16 ... 1024 bytes, for things that share
 * nothing but their size.  NULL also for 0 bytes, for more than
 * OBJECT_BYTES_MAX, and for an alignment above HEAP_ALIGNMENT. */
void *objects_alloc(size_t bytes, size_t alignment);
/* Frees an entry of any cache: the address says where it belongs. */
enum heap_error objects_free(void *entry);
/* The entry's size; 0 if it is not an entry in use. */
size_t objects_size(const void *entry);

/* Pages that are held: zones, stores and the page map. */
size_t objects_pages_held(void);

/* The first invariant of objects.c that does not hold. */
struct violation objects_check(void);

#endif
