/* SPDX-License-Identifier: MIT */
/* Policies: the granule for each size.
 *
 *     bytes      1  8  16  24  32  40 ...  256        ...        1024
 *     shared     |  1 to 32 granules of 8     | 9 to 32 granules of 32 |
 *
 * The first row that holds the request decides; free memory does not matter.
 * So a request always costs the same, and policies can be compared on the same
 * requests.
 *
 * There are two granules because a span has at most 32 granules.  A granule of
 * 8 bytes wastes little in a short span; a granule of 32 bytes needs a quarter
 * of the bits for a long one.
 */
#include "lib/addr.h"
#include "lib/panic.h"
#include "mm/spans/spans_zone.h"

const struct spans_row spans_shared[] = {
    { "spans of 8", 8, 256 },
    { "spans of 32", 32, 1024 },
    { NULL, 0, 0 },
};

/* A zone is at least as long as this many granules, so that its header and its
 * tail, which take up to one granule, cost little. */
#define ZONE_ROOM_GRANULES 8u

/* Computes the layout of a zone of n granules:
 *     zone + map(n + 2 sentinels) + n * granule <= pages */
static void pool_lay_out(struct span_pool *pool)
{
    uint32_t pages = bytes_to_pages(ZONE_ROOM_GRANULES * pool->granule_bytes);
    uint32_t bytes = pages * PAGE_BYTES - PAGE_RUN_TAIL;
    uint32_t granules =
        (bytes - sizeof(struct span_zone)) / pool->granule_bytes;
    uint32_t first;

    ASSERT_BELOW(pages, ZONE_PAGES_MAX + 1);
    /* The map takes the place of a few granules. */
    for (;; granules--) {
        first = sizeof(struct span_zone) +
                (granules + 1) / WORD_BITS * sizeof(struct map_pair) +
                sizeof(struct map_pair);
        if (first + granules * pool->granule_bytes <= bytes)
            break;
    }
    pool->zone_pages = pages;
    pool->granules = granules;
    pool->granule_zero = first - pool->granule_bytes;
}

/* Makes the pool of a row, and the orders of all sizes that it serves. */
static void pool_create(const struct spans_row *row)
{
    struct span_pool *pool = &span_heap.pools[span_heap.pool_count++];
    uint32_t granule = row->granule_bytes;

    ASSERT_BELOW(span_heap.pool_count, SPAN_POOLS_MAX + 1);
    ASSERT_EQ(granule % HEAP_ALIGNMENT, 0);
    ASSERT_BELOW(row->limit / granule, SPAN_GRANULES_MAX + 1);
    span_heap.numbered[span_heap.pool_count] = pool;
    pool->name = row->name;
    pool->mark = span_heap.pool_count << PAGE_INDEX_BITS;
    pool->granule_bytes = granule;
    pool->span_max = row->limit / granule;
    pool_lay_out(pool);
    for (uint32_t bytes = REQUEST_STEP; bytes <= row->limit;
         bytes += REQUEST_STEP) {
        struct span_order *order = &span_heap.orders[bytes / REQUEST_STEP - 1];

        if (!order->pool)
            *order =
                (struct span_order){ pool, (bytes + granule - 1) / granule };
    }
}

void span_pools_create(const struct spans_row *policy)
{
    for (const struct spans_row *row = policy; row->name; row++)
        pool_create(row);
}
