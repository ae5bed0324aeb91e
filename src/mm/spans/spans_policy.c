/* SPDX-License-Identifier: MIT */
/* Which granule serves which size.
 *
 *     bytes      1  8  16  24  32  40 ...  256        ...        1024
 *     plain      |8|16 | 32   | 64 ...  256   |    512  |   1024   |
 *     fine       |8|16 |24 |32|40|48 ...  256 |320|384|448|512| ...
 *     shared     |  1 to 32 granules of 8     | 9 to 32 granules of 32 |
 *
 * The first column that holds the request decides, whatever is free at the
 * moment; so a request costs the same today as tomorrow, and policies can be
 * compared on the same requests.
 *
 * Shared has two granules because a span is 32 granules at most: 8 bytes waste
 * little of a short span, and 32 need a quarter of the bits for a long one.
 */
#include "lib/addr.h"
#include "mm/spans/spans_zone.h"

/* Requests up to `limit` bytes, if no earlier row takes them. */
struct policy_row {
    const char *name;
    uint16_t granule_bytes;
    uint16_t limit;
};

static const struct policy_row plain_classes[] = {
    { "class 8", 8, 8 },
    { "class 16", 16, 16 },
    { "class 32", 32, 32 },
    { "class 64", 64, 64 },
    { "class 128", 128, 128 },
    { "class 256", 256, 256 },
    { "class 512", 512, 512 },
    { "class 1024", 1024, 1024 },
    { NULL, 0, 0 },
};

static const struct policy_row fine_classes[] = {
    { "class 8", 8, 8 },
    { "class 16", 16, 16 },
    { "class 24", 24, 24 },
    { "class 32", 32, 32 },
    { "class 40", 40, 40 },
    { "class 48", 48, 48 },
    { "class 56", 56, 56 },
    { "class 64", 64, 64 },
    { "class 80", 80, 80 },
    { "class 96", 96, 96 },
    { "class 112", 112, 112 },
    { "class 128", 128, 128 },
    { "class 160", 160, 160 },
    { "class 192", 192, 192 },
    { "class 224", 224, 224 },
    { "class 256", 256, 256 },
    { "class 320", 320, 320 },
    { "class 384", 384, 384 },
    { "class 448", 448, 448 },
    { "class 512", 512, 512 },
    { "class 640", 640, 640 },
    { "class 768", 768, 768 },
    { "class 896", 896, 896 },
    { "class 1024", 1024, 1024 },
    { NULL, 0, 0 },
};

static const struct policy_row shared[] = {
    { "spans of 8", 8, 256 },
    { "spans of 32", 32, 1024 },
    { NULL, 0, 0 },
};

static const struct policy_row *const policies[] = {
    [SPANS_PLAIN_CLASSES] = plain_classes,
    [SPANS_FINE_CLASSES] = fine_classes,
    [SPANS_SHARED] = shared,
};

/* A zone has the room of this many granules at least, so that what its header
 * and its tail take, up to one granule, counts little. */
#define ZONE_ROOM_GRANULES 8u

/* zone + map(n + 2 sentinels) + n * granule <= pages */
static void pool_lay_out(struct span_pool *pool)
{
    uint32_t pages = bytes_to_pages(ZONE_ROOM_GRANULES * pool->granule_bytes);
    uint32_t bytes = pages * PAGE_BYTES - PAGE_RUN_TAIL;
    uint32_t granules =
        (bytes - sizeof(struct span_zone)) / pool->granule_bytes;
    uint32_t first;

    /* The map takes the place of a few of them. */
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

static void pool_create(const struct policy_row *row)
{
    struct span_pool *pool = &span_heap.pools[span_heap.pool_count++];
    uint32_t granule = row->granule_bytes;

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

void span_pools_create(enum spans_policy policy)
{
    for (const struct policy_row *row = policies[policy]; row->name; row++)
        pool_create(row);
}
