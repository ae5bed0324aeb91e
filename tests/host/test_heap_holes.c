/* SPDX-License-Identifier: MIT */
/* The kmalloc layer over a backend that a student has only begun. */
#include "harness.h"

#include "mm/heap/heap.h"
#include "mm/heap/heap_pages.h"
#include "mm/malloc/malloc.h"
#include "mm/zalloc/zalloc.h"

#define REGION_BYTES (64u * 1024)

static _Alignas(4096) uint8_t region[REGION_BYTES];

static const uintptr_t begin = (uintptr_t)region;
static const uintptr_t end = (uintptr_t)region + REGION_BYTES;

/* -- A backend that a student has begun --------------------------------------
 */

static void *hole_alloc(size_t bytes, size_t alignment)
{
    (void)bytes, (void)alignment;
    return NOT_WRITTEN;
}

static enum heap_error hole_free(void *payload)
{
    (void)payload;
    return HEAP_NOT_WRITTEN;
}

static bool hole_resize(void *payload, size_t bytes)
{
    (void)payload, (void)bytes;
    return false;
}

static size_t hole_size(const void *payload)
{
    (void)payload;
    return 0;
}

static bool hole_owns(const void *payload)
{
    (void)payload;
    return false;
}

static const struct heap_backend hole = {
    .name = "hole",
    .alloc = hole_alloc,
    .free = hole_free,
    .resize = hole_resize,
    .size = hole_size,
    .owns = hole_owns,
};

static bool count_block(const struct block *block, void *context)
{
    (void)block;
    ++*(size_t *)context;
    return true;
}

TEST(heap_lives_with_a_backend_that_is_not_written)
{
    size_t blocks = 0;

    heap_start(begin, end, &hole);
    CHECK(!heap_not_written());
    CHECK_SAME(kmalloc(10), NULL);
    CHECK(heap_not_written());
    CHECK_SAME(kcalloc(1, 10), NULL);
    CHECK_EQ(kfree(region), HEAP_NOT_WRITTEN);
    CHECK_EQ(heap_stats().bad_frees, 0);
    CHECK_SAME(krealloc(region + 8, 10), NULL);
    CHECK(heap_walk(count_block, &blocks));
    CHECK_EQ(blocks, 0);
    CHECK_SOUND(heap_check());
    zalloc_init(heap_page_source(begin, end));
    heap_add_small(&zalloc_backend, ZALLOC_BYTES_MAX);
    CHECK_SAME(kmalloc(10), NULL);
    malloc_init(begin, end);
    heap_start(begin, end, &malloc_backend);
    heap_add_small(&hole, 1024);
    CHECK_SAME(kmalloc(10), NULL);
    CHECK(heap_not_written());
    CHECK(kmalloc(2000));
    CHECK_EQ(heap_stats().usage.used_bytes, 2000);
    CHECK_EQ(heap_stats().usage.peak_bytes, 2000);
}
