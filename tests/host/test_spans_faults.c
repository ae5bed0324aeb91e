/* SPDX-License-Identifier: MIT */
/* Events that must not damage spans: wrong frees, no memory, long random
 * lives. */
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

TEST(spans_name_misuse)
{
    uint8_t *a, *b, *big, *zone;
    uint64_t on_stack[4] = { 0 };

    start();
    a = alloc(64);
    b = alloc(20);
    big = alloc(1000);
    zone = (uint8_t *)zone_of(a);
    memset(a, 0xFF, 64);
    for (size_t tail = 8; tail < 64; tail += 8)
        expect_refused(&spans_backend, a + tail, HEAP_INTERIOR);
    for (size_t inside = 8; inside < 1024; inside += 8)
        expect_refused(&spans_backend, big + inside, HEAP_INTERIOR);
    release(b);
    expect_refused(&spans_backend, b, HEAP_ALREADY_FREE);
    expect_refused(&spans_backend, b + 8, HEAP_ALREADY_FREE);
    expect_refused(&spans_backend, a + 1, HEAP_MISALIGNED);
    expect_refused(&spans_backend, a + 4, HEAP_MISALIGNED);
    expect_refused(&spans_backend, a - 8, HEAP_FOREIGN);
    expect_refused(&spans_backend, zone, HEAP_FOREIGN);
    expect_refused(&spans_backend, zone + PAGE_BYTES - 8, HEAP_FOREIGN);
    expect_refused(&spans_backend, zone_of(big), HEAP_FOREIGN);
    expect_refused(&spans_backend, big + 1024, HEAP_ALREADY_FREE);
    expect_refused(&spans_backend, on_stack + 1, HEAP_FOREIGN);
    expect_refused(&spans_backend, NULL, HEAP_FOREIGN);
    expect_refused(&spans_backend, (void *)0xDEADBEE8, HEAP_FOREIGN);
    expect_refused(&spans_backend, (void *)pages.source.end, HEAP_FOREIGN);
    expect_refused(&spans_backend, (void *)(pages.source.end - 8),
                   HEAP_FOREIGN);
    expect_refused(&spans_backend, (void *)(pages.source.begin - 8),
                   HEAP_FOREIGN);
}

TEST(spans_refuse_what_their_zone_took_along)
{
    uint8_t *first[64], *other;

    start();
    for (size_t i = 0; i < 15; i++) /* 480 of 494 granules */
        first[i] = alloc(256);
    other = alloc(256); /* a second zone */
    CHECK_EQ(pages.taken, 2);
    for (size_t i = 0; i < 15; i++)
        release(first[i]);
    CHECK_EQ(pages.taken, 1);
    expect_refused(&spans_backend, first[0], HEAP_FOREIGN);
    CHECK(!spans_owns(first[0]));
    CHECK(spans_owns(other));
}

TEST(spans_out_of_pages_changes_nothing)
{
    start();
    pages.limit = 0;
    expect_no_room(&spans_backend, 8, 8);
    expect_no_room(&spans_backend, 1000, 8);
    pages.limit = 2;
    while (alloc(200))
        continue;
    while (alloc(900))
        continue;
    expect_no_room(&spans_backend, 200, 8);
    expect_no_room(&spans_backend, 900, 8);
    CHECK_EQ(pages.taken, 2);
}

TEST(spans_grow_and_shrink_in_place)
{
    uint8_t *a, *b;

    start();
    a = alloc(40);
    b = alloc(40);
    CHECK_SAME(b, a + 40);
    CHECK(!spans_resize(a, 41));
    CHECK(spans_resize(a, 9));
    CHECK_EQ(spans_size(a), 16);
    CHECK(spans_resize(a, 40));
    CHECK(!spans_resize(a, SIZE_MAX));
    release(b);
    CHECK(spans_resize(a, 256));
    CHECK(!spans_resize(a, 257));
    CHECK_EQ(spans_size(a), 256);
    CHECK_EQ(spans_backend.usage->used_bytes, 256);
    CHECK_EQ(spans_backend.usage->peak_bytes, 256);
    CHECK(spans_resize(a, 1));
    CHECK_EQ(spans_backend.usage->used_bytes, 8);
    CHECK_SOUND(spans_check());
    /* A class never covers a second granule. */
    pages_start(SPANS_PLAIN_CLASSES);
    a = alloc(64);
    CHECK(spans_resize(a, 1));
    CHECK_EQ(spans_size(a), 64);
    CHECK(!spans_resize(a, 65));
    CHECK_SOUND(spans_check());
}

TEST(spans_zones_come_and_go)
{
    static void *payloads[20000];
    struct random random;
    size_t count = 0, held;

    start();
    random_seed(&random, 5);
    while (count < 20000 &&
           (payloads[count] = alloc(1 + random_below(&random, 400))))
        count++;
    CHECK(count > 5000);
    CHECK_EQ(pages.taken, PAGES_MAX);
    for (size_t i = count; i > 0; i--) {
        size_t chosen = random_below(&random, (uint32_t)i);

        release(payloads[chosen]);
        payloads[chosen] = payloads[i - 1];
        if (i % 512 == 0)
            CHECK_SOUND(spans_check());
    }
    CHECK_SOUND(spans_check());
    CHECK(pages.taken <= 2);
    CHECK_EQ(spans_backend.usage->used_blocks, 0);
    CHECK_EQ(spans_backend.usage->used_bytes, 0);
    /* Allocating and freeing by turns takes and gives nothing. */
    release(alloc(300));
    held = pages.taken;
    for (size_t i = 0; i < 10; i++) {
        void *payload = alloc(300);

        CHECK_EQ(pages.taken, held);
        release(payload);
        CHECK_EQ(pages.taken, held);
    }
}

/* -- Random runs ---------------------------------------------------------- */

static void start_few_pages(void)
{
    start();
    pages.limit = 12;
}

static void start_fine(void)
{
    pages_start(SPANS_FINE_CLASSES);
}

static void random_run(void (*begin)(void))
{
    struct model model = {
        .backend = &spans_backend,
        .start = begin,
        .largest_request = SPANS_BYTES_MAX,
        .largest_alignment = HEAP_ALIGNMENT,
        .steps = 1500,
    };

    begin();
    model.begin = pages.source.begin;
    model.end = pages.source.end;
    model_run(&model, 6);
    CHECK_EQ(spans_backend.usage->used_bytes, 0);
}

TEST(spans_random_run_keeps_its_promises)
{
    random_run(start);
}

TEST(spans_random_run_that_runs_out_of_pages)
{
    random_run(start_few_pages);
}

TEST(spans_random_run_of_fine_classes)
{
    random_run(start_fine);
}
