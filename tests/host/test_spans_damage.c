/* SPDX-License-Identifier: MIT */
/* Spans with damaged bookkeeping. */
#include "span_pages.h"

#include "harness.h"
#include "lib/random.h"
#include "model.h"

#include <string.h>

static void start(void)
{
    pages_start(SPANS_SHARED);
}

static void *alloc(size_t bytes)
{
    return spans_alloc(bytes, HEAP_ALIGNMENT);
}

static void release(void *payload)
{
    CHECK_EQ(spans_free(payload), HEAP_OK);
}

static struct span_zone *zone_of(const void *payload)
{
    return (void *)align_down((uintptr_t)payload, PAGE_BYTES);
}

/* Spans and holes of many lengths, in both pools. */
static uint8_t *some_spans(void)
{
    uint8_t *payloads[40], *kept;

    start();
    for (size_t i = 0; i < 40; i++)
        payloads[i] = alloc(8 + i * 12);
    for (size_t i = 1; i < 40; i += 3)
        release(payloads[i]);
    kept = payloads[3];
    CHECK_SOUND(spans_check());
    return kept;
}

/* A heap that differs from a sound one in one bit of a zone's bookkeeping. */
TEST(spans_check_sees_every_flipped_bit)
{
    const void *payloads[2] = { some_spans(), NULL };

    payloads[1] = alloc(900);
    for (size_t i = 0; i < 2; i++) {
        struct span_zone *zone = zone_of(payloads[i]);
        struct span_pool *pool = mark_pool(spans_page_mark((uintptr_t)zone));
        size_t bytes = pool->granule_zero + pool->granule_bytes;
        uint8_t *bookkeeping = (uint8_t *)zone;

        for (size_t bit = 0; bit < bytes * 8; bit++) {
            bookkeeping[bit / 8] ^= (uint8_t)(1u << bit % 8);
            CHECK(!is_sound(spans_check()));
            bookkeeping[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        CHECK_SOUND(spans_check());
    }
}

static void expect(const char *invariant)
{
    expect_violation(&spans_backend, invariant);
}

/* The second zone stays because the first one's run is hidden meanwhile. */
static void plant_two_empty_zones(void)
{
    static const size_t sizes[4] = { 1024, 1024, 1024, 960 };
    struct span_pool *pool;
    struct free_run *whole;
    void *payloads[8];

    start();
    for (size_t i = 0; i < 8; i++)
        payloads[i] = alloc(sizes[i % 4]);
    pool = mark_pool(spans_page_mark((uintptr_t)payloads[0]));
    for (size_t i = 0; i < 4; i++)
        release(payloads[i]);
    whole = pool->runs[RUN_CLASSES];
    pool->runs[RUN_CLASSES] = NULL;
    pool->run_classes = 0;
    for (size_t i = 4; i < 8; i++)
        release(payloads[i]);
    CHECK_EQ(pages.taken, 2);
    whole->previous = pool->runs[RUN_CLASSES];
    whole->previous->next = whole;
}

TEST(spans_check_names_damage)
{
    struct span_zone *zone = zone_of(some_spans());
    struct span_pool *pool = mark_pool(spans_page_mark((uintptr_t)zone));
    uint32_t own_page = spans_page_index((uintptr_t)zone);
    struct free_run *run = NULL;

    pages.source.page_map[own_page] ^= 1;
    expect("I1");
    zone = zone_of(some_spans());
    pages.source.page_map[own_page] = 0x80;
    expect("I1");
    zone = zone_of(some_spans());
    pages.source.page_map[own_page] = PAGE_NOT_OURS;
    expect("I8");
    zone = zone_of(some_spans());
    pages.source.page_map[own_page + 100] = 4; /* whose page is not a zone */
    expect("I2");
    zone = zone_of(some_spans());
    pages.source.page_map[own_page + 100] = 7;
    expect("I1");
    zone = zone_of(some_spans());
    zone->magic ^= 1;
    expect("I2");
    zone = zone_of(some_spans());
    zone->map[0].allocated &= ~1u;
    expect("I3");
    zone = zone_of(some_spans());
    zone->map[3].continued |= 1u << 31;
    zone->map[3].allocated &= ~(1u << 30);
    expect("I4");
    zone = zone_of(some_spans());
    zone->spans++;
    expect("I5");
    zone = zone_of(some_spans());
    for (uint32_t i = 1; !run; i++)
        run = pool->runs[i];
    run->next = (struct free_run *)0x10;
    expect("I6");
    some_spans();
    pool->run_classes ^= 2;
    expect("I6");
    some_spans();
    run = pool->runs[RUN_CLASSES];
    run->next = run;
    expect("I6");
    plant_two_empty_zones();
    expect("I7");
    some_spans();
    pool->zones++;
    expect("I8");
    some_spans();
    span_heap.usage.used_bytes += 8;
    expect("I8");
    some_spans();
    span_heap.usage.used_blocks++;
    expect("I8");
}

TEST(spans_refuse_a_zone_whose_header_is_damaged)
{
    uint8_t *payload = some_spans();

    memset(zone_of(payload), 0xAA, 16);
    CHECK_EQ(spans_free(payload), HEAP_CORRUPT);
    CHECK_EQ(spans_size(payload), 0);
    CHECK(!spans_resize(payload, 8));
}

static bool scribble(const struct block *block, void *context)
{
    uint8_t value = *(const uint8_t *)context;

    if (block->state == BLOCK_FREE)
        memset((void *)block->address, value, block->bytes);
    return true;
}

/* Writes into all free memory, as a pointer that was kept too long might, in
 * the middle of a life that goes on. */
TEST(spans_survive_writes_to_free_memory)
{
    static struct {
        uint8_t *payload;
        size_t bytes;
    } live[300];
    struct random random;

    start();
    random_seed(&random, test_seed(9));
    for (uint32_t step = 0; step < 30000; step++) {
        uint32_t i = random_below(&random, 300);
        uint8_t value = (uint8_t)(step % 3 ? step : 0);

        if (live[i].payload) {
            for (size_t at = 0; at < live[i].bytes; at++)
                CHECK_EQ(live[i].payload[at], (uint8_t)i);
            release(live[i].payload);
            live[i].payload = NULL;
        } else {
            live[i].bytes = 1 + random_below(&random, 1024);
            live[i].payload = alloc(live[i].bytes);
            CHECK(live[i].payload);
            memset(live[i].payload, (int)i, live[i].bytes);
        }
        if (step % 50 == 0)
            spans_walk(scribble, &value);
    }
    for (size_t i = 0; i < 300; i++)
        if (live[i].payload)
            release(live[i].payload);
    CHECK_EQ(spans_backend.usage->used_blocks, 0);
    CHECK(pages.taken <= 4);
}

/* A link that leads to a live span of the same zone: only that the span does
 * not link back gives it away. */
TEST(spans_follow_no_link_into_a_live_span)
{
    uint8_t full[32], *live, *hole, *behind;
    struct free_run *run;

    memset(full, 0xFF, sizeof full);
    for (int backwards = 0; backwards < 2; backwards++) {
        start();
        live = alloc(sizeof full);
        hole = alloc(16);
        behind = alloc(8);
        memset(live, 0xFF, sizeof full);
        release(hole);
        run = (struct free_run *)hole;
        run->next = backwards ? NULL : (struct free_run *)live;
        run->previous = backwards ? (struct free_run *)live : NULL;
        if (backwards)
            release(behind); /* joins the hole, which leaves its list */
        else
            CHECK_SAME(alloc(16), hole);
        CHECK(memcmp(live, full, sizeof full) == 0);
        CHECK_SOUND(spans_check());
    }
}
