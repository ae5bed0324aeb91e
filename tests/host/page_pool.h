/* SPDX-License-Identifier: MIT */
/* A page source for tests of zalloc: runs of pages out of one mapping, with a
 * limit that makes it run dry, and tails that must not be written. */
#ifndef TESTS_HOST_PAGE_POOL_H
#define TESTS_HOST_PAGE_POOL_H

#include "mm/heap/page_source.h"
#include "mm/zalloc/zalloc_zone.h"

struct page_pool {
    uint8_t *memory;
    size_t pages;
    uint8_t *taken;
    size_t taken_count;
    size_t limit; /* pages */
    size_t search_from;
};

extern struct page_pool page_pool;
extern struct page_source pool_source;

/* Zeroed pages. */
void *map_memory(size_t bytes);

/* zalloc without zones, over a pool of `pages` pages at least; or of 512. */
void start_zones_with(size_t pages);
void start_zones(void);

/* zalloc_alloc and zalloc_free, where nothing can go wrong. */
void *zone_alloc(size_t bytes);
void zone_release(void *payload);

/* The zone of an entry, whose zone is one page long. */
struct zone *zone_of(void *entry);

#endif
