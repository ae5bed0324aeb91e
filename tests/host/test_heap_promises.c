/* SPDX-License-Identifier: MIT */
/* The promises of kmalloc where two backends share a heap: it returns NULL only
 * if no memory that is kept ready could serve the request, and a free of lent
 * memory is refused. */
#include "harness.h"

#include "mm/heap/heap.h"
#include "mm/heap/heap_pages.h"
#include "mm/malloc/malloc.h"
#include "mm/spans/spans.h"
#include "mm/zalloc/zalloc.h"
#include "mm/zalloc/zalloc_zone.h"

#include <string.h>

#define HEAP_BYTES (2u << 20)
#define BLOCKS     2500u

static _Alignas(4096) uint8_t region[HEAP_BYTES];
static const struct page_source *source;

static void start(bool spans)
{
    uintptr_t begin = (uintptr_t)region, end = begin + HEAP_BYTES;

    CHECK_EQ(malloc_init(begin, end), STAGE_OK);
    heap_start(begin, end, &malloc_backend);
    source = heap_page_source(begin, end);
    if (spans) {
        CHECK_EQ(spans_init(source, spans_shared), STAGE_OK);
        heap_add_small(&spans_backend, SPANS_BYTES_MAX);
    } else {
        CHECK_EQ(zalloc_init(source), STAGE_OK);
        heap_add_small(&zalloc_backend, ZALLOC_BYTES_MAX);
    }
    CHECK_SOUND(heap_check());
}

/* Blocks of all sizes come and go, in the order of `step`. */
static void use_all_sizes(uint32_t step)
{
    static void *blocks[BLOCKS];

    for (uint32_t i = 0; i < BLOCKS; i++)
        CHECK((blocks[i] = kmalloc(1 + i * 7919 % 1100)));
    for (uint32_t i = 0; i < BLOCKS; i++)
        CHECK_EQ(kfree(blocks[i * step % BLOCKS]), HEAP_OK);
    CHECK_EQ(heap_stats().usage.used_blocks, 0);
}

static void expect_most_of_it(bool spans)
{
    static const uint32_t steps[] = { 1, 3, 7, 11, 401 }; /* prime to BLOCKS */

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        void *large;

        start(spans);
        use_all_sizes(steps[i]);
        large = kmalloc(1900000);
        CHECK(large);
        CHECK_SOUND(heap_check());
        CHECK_EQ(kfree(large), HEAP_OK);
        use_all_sizes(steps[i]);
        CHECK_SOUND(heap_check());
    }
}

TEST(heap_gives_back_kept_zones_before_null)
{
    expect_most_of_it(false);
}

TEST(heap_gives_back_kept_spans_before_null)
{
    expect_most_of_it(true);
}

TEST(heap_refuses_the_page_map_that_it_lent)
{
    for (int spans = 0; spans < 2; spans++) {
        start(spans);
        CHECK_EQ(kfree(source->page_map), HEAP_LENT);
        CHECK(strstr(printed_text(), "lent to the allocator"));
        CHECK(!krealloc(source->page_map, 8));
        CHECK(!krealloc(source->page_map, 80000));
        printed_text();
        CHECK_SOUND(heap_check());
        use_all_sizes(1);
    }
}

/* No value of the word that names a zone's cache leads to a crash. */
TEST(heap_survives_a_zone_with_a_false_cache)
{
    static const uintptr_t values[] = { 0, 1, 8, ~(uintptr_t)0, 0xDEADBEE8 };
    struct entry entry;
    void *block;

    start(false);
    block = kmalloc(40);
    CHECK_EQ(zalloc_find(block, &entry), HEAP_OK);
    for (size_t i = 0; i < sizeof values / sizeof *values + 2; i++) {
        struct zone_cache *saved = entry.zone->cache;
        uintptr_t value = i < 5 ? values[i] : (uintptr_t)region + 8 * i;

        entry.zone->cache = (struct zone_cache *)value;
        CHECK_EQ(kfree(block), HEAP_CORRUPT);
        CHECK_EQ(kmalloc_size(block), 0);
        entry.zone->cache = saved;
        printed_text();
    }
    CHECK_EQ(kfree(block), HEAP_OK);
}
