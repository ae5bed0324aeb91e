/* SPDX-License-Identifier: MIT */
/* Hands out runs of pages, up to a limit. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS is newer than C11 */

#include "page_pool.h"

#include "harness.h"

#include <string.h>
#include <sys/mman.h>

struct page_pool page_pool;
struct page_source pool_source;

static bool is_free_run(size_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (page_pool.taken[first + i])
            return false;
    }
    return true;
}

static void *pool_take(size_t count)
{
    if (page_pool.taken_count + count > page_pool.limit)
        return NULL;
    for (size_t at = page_pool.search_from; at + count <= page_pool.pages;
         at++) {
        if (!is_free_run(at, count))
            continue;
        memset(page_pool.taken + at, 1, count);
        page_pool.taken_count += count;
        if (count == 1)
            page_pool.search_from = at + 1;
        memset(page_pool.memory + at * PAGE_BYTES, 0xEE,
               count * PAGE_BYTES - PAGE_RUN_TAIL);
        memset(page_pool.memory + (at + count) * PAGE_BYTES - PAGE_RUN_TAIL,
               0x77, PAGE_RUN_TAIL);
        return page_pool.memory + at * PAGE_BYTES;
    }
    return NULL;
}

static void pool_give(void *first, size_t count)
{
    size_t at = (size_t)((uint8_t *)first - page_pool.memory) / PAGE_BYTES;
    uint8_t *tail =
        page_pool.memory + (at + count) * PAGE_BYTES - PAGE_RUN_TAIL;

    CHECK_EQ((uintptr_t)first % PAGE_BYTES, 0);
    for (size_t i = 0; i < count; i++)
        CHECK_EQ(page_pool.taken[at + i], 1);
    for (size_t i = 0; i < PAGE_RUN_TAIL; i++)
        CHECK_EQ(tail[i], 0x77);
    memset(page_pool.taken + at, 0, count);
    page_pool.taken_count -= count;
    if (at < page_pool.search_from)
        page_pool.search_from = at;
}

void *map_memory(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CHECK(memory != MAP_FAILED);
    return memory;
}

void start_zones_with(size_t pages)
{
    if (page_pool.pages < pages) {
        page_pool.memory = map_memory(pages * PAGE_BYTES);
        page_pool.taken = map_memory(pages);
        pool_source = (struct page_source){
            .begin = (uintptr_t)page_pool.memory,
            .end = (uintptr_t)page_pool.memory + pages * PAGE_BYTES,
            .take = pool_take,
            .give = pool_give,
            .page_map = map_memory(pages),
        };
        page_pool.pages = pages;
    }
    memset(page_pool.taken, 0, page_pool.pages);
    page_pool.taken_count = 0;
    page_pool.search_from = 0;
    page_pool.limit = page_pool.pages;
    CHECK_EQ(zalloc_init(&pool_source), STAGE_OK);
}

void start_zones(void)
{
    start_zones_with(512);
}

void *zone_alloc(size_t bytes)
{
    return zalloc_alloc(bytes, HEAP_ALIGNMENT);
}

void zone_release(void *payload)
{
    CHECK_EQ(zalloc_free(payload), HEAP_OK);
}

struct zone *zone_of(void *entry)
{
    return (struct zone *)align_down((uintptr_t)entry, PAGE_BYTES);
}
