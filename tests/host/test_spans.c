/* SPDX-License-Identifier: MIT */
/* Spans: granules, joins, resizes, wrong frees. */
#include "span_pages.h"

#include "harness.h"
#include "lib/random.h"
#include "model.h"

#include <string.h>

static void *alloc(size_t bytes)
{
    return spans_alloc(bytes, HEAP_ALIGNMENT);
}

static void release(void *payload)
{
    CHECK_EQ(spans_free(payload), HEAP_OK);
}

/* -- Policies ------------------------------------------------------------- */

static size_t expected_bytes(size_t bytes, enum span_policy policy)
{
    size_t doubling = 8;

    if (policy == SPANS_SHARED)
        return align_up(bytes, bytes <= 256 ? 8 : 32);
    while (doubling < bytes)
        doubling *= 2;
    if (policy == SPANS_PLAIN_CLASSES)
        return doubling;
    return align_up(bytes, doubling <= 64 ? 8 : doubling / 8);
}

static void check_sizes(enum span_policy policy)
{
    pages_start(policy);
    for (size_t bytes = 1; bytes <= SPANS_BYTES_MAX; bytes++) {
        uint8_t *payload = alloc(bytes);

        CHECK(payload);
        CHECK_EQ((uintptr_t)payload % HEAP_ALIGNMENT, 0);
        CHECK_EQ(spans_size(payload), expected_bytes(bytes, policy));
        memset(payload, 0xFF, spans_size(payload));
    }
    CHECK_SOUND(spans_check());
    expect_no_room(&spans_backend, 0, 8);
    expect_no_room(&spans_backend, SPANS_BYTES_MAX + 1, 8);
    expect_no_room(&spans_backend, SIZE_MAX, 8);
    expect_no_room(&spans_backend, 16, 16);
}

TEST(spans_sizes_are_the_policys)
{
    check_sizes(SPANS_PLAIN_CLASSES);
    check_sizes(SPANS_FINE_CLASSES);
    check_sizes(SPANS_SHARED);
}

TEST(spans_zones_waste_little)
{
    for (enum span_policy policy = 0; policy <= SPANS_SHARED; policy++) {
        pages_start(policy);
        for (uint32_t i = 0; i < span_heap.pool_count; i++) {
            const struct span_pool *pool = &span_heap.pools[i];
            size_t first = pool->granule_zero + pool->granule_bytes;
            size_t end = first + pool->granules * pool->granule_bytes;
            size_t zone = pool->zone_pages * PAGE_BYTES;

            CHECK(end <= zone - PAGE_RUN_TAIL);
            CHECK(zone - pool->granules * pool->granule_bytes <= zone / 8);
            CHECK_EQ(first % HEAP_ALIGNMENT, 0);
            /* One more would not fit, even if the map stayed as it is. */
            CHECK(end + pool->granule_bytes > zone - PAGE_RUN_TAIL - 8);
        }
    }
    /* Density at 8 bytes, with two bits each. */
    CHECK_EQ(span_heap.pools[0].granules, 494);
    CHECK(494 * 8 * 1000 / PAGE_BYTES >= 960);
}

/* -- One zone against an array of states ---------------------------------- */

enum {
    FREE,
    HEAD,
    TAIL
};

/* The right states of the one zone's granules. */
static struct {
    struct span_pool *pool;
    struct span_zone *zone;
    uint8_t state[1024]; /* from 1 on, as granules are */
    uint32_t count;
} shadow;

static void *at(uint32_t index)
{
    return granule_at(shadow.pool, shadow.zone, index);
}

static uint32_t index_of(const void *payload)
{
    uintptr_t offset = (uintptr_t)payload - (uintptr_t)at(0);

    CHECK_EQ(offset % shadow.pool->granule_bytes, 0);
    CHECK(offset / shadow.pool->granule_bytes <= shadow.count);
    return (uint32_t)(offset / shadow.pool->granule_bytes);
}

static uint32_t shadow_length(uint32_t index)
{
    uint32_t end = index + 1;

    while (end <= shadow.count && shadow.state[end] == TAIL)
        end++;
    return end - index;
}

static void shadow_set(uint32_t index, uint32_t length, uint8_t head,
                       uint8_t rest)
{
    for (uint32_t i = 0; i < length; i++) {
        CHECK(index + i <= shadow.count);
        shadow.state[index + i] = i ? rest : head;
    }
}

static void shadow_compare(void)
{
    for (uint32_t i = 1; i <= shadow.count; i++) {
        CHECK_EQ(is_allocated(shadow.zone, i), shadow.state[i] != FREE);
        CHECK_EQ(is_continued(shadow.zone, i), shadow.state[i] == TAIL);
    }
}

/* A zone, all free, and no page for another. */
static void shadow_start(size_t bytes)
{
    void *first;

    pages_start(SPANS_SHARED);
    pages.limit = 1;
    first = alloc(bytes);
    CHECK(first);
    shadow.zone = (void *)align_down((uintptr_t)first, PAGE_BYTES);
    shadow.pool = mark_pool(spans_page_mark((uintptr_t)first));
    shadow.count = shadow.pool->granules;
    memset(shadow.state, FREE, sizeof shadow.state);
    CHECK_SAME(first, at(1));
    release(first);
    shadow_compare();
}

static bool shadow_has_run(uint32_t length)
{
    uint32_t run = 0;

    for (uint32_t i = 1; i <= shadow.count; i++) {
        run = shadow.state[i] == FREE ? run + 1 : 0;
        if (run == length)
            return true;
    }
    return false;
}

static void shadow_alloc(uint32_t length)
{
    uint8_t *payload = alloc(length * shadow.pool->granule_bytes);
    uint32_t index;

    CHECK_EQ(payload != NULL, shadow_has_run(length));
    if (!payload)
        return;
    index = index_of(payload);
    for (uint32_t i = index; i < index + length; i++)
        CHECK_EQ(shadow.state[i], FREE);
    shadow_set(index, length, HEAD, TAIL);
    memset(payload, 0xFF, length * shadow.pool->granule_bytes);
}

static void shadow_free(uint32_t index)
{
    uint32_t length = shadow_length(index);

    CHECK_EQ(spans_size(at(index)), length * shadow.pool->granule_bytes);
    release(at(index));
    shadow_set(index, length, FREE, FREE);
}

static void shadow_resize(uint32_t index, uint32_t length)
{
    uint32_t old = shadow_length(index), fits = old;

    while (index + fits <= shadow.count && shadow.state[index + fits] == FREE)
        fits++;
    CHECK_EQ(spans_resize(at(index), length * shadow.pool->granule_bytes),
             length <= fits);
    if (length > fits)
        return;
    shadow_set(index, old, FREE, FREE);
    shadow_set(index, length, HEAD, TAIL);
}

static void shadow_refuse(uint32_t index)
{
    enum heap_error error =
        shadow.state[index] == FREE ? HEAP_ALREADY_FREE : HEAP_INTERIOR;

    CHECK_EQ(spans_free(at(index)), error);
    CHECK_EQ(spans_size(at(index)), 0);
    CHECK(!spans_resize(at(index), 8));
}

static void random_steps(size_t bytes, uint32_t shortest, uint32_t steps)
{
    struct random random;

    random_seed(&random, (uint32_t)bytes);
    shadow_start(bytes);
    for (uint32_t step = 0; step < steps; step++) {
        uint32_t index = 1 + random_below(&random, shadow.count);
        uint32_t longest = step / 5000 % 2 ? 32 : shortest + 3;
        uint32_t length =
            shortest + random_below(&random, longest - shortest + 1);
        bool filling = step / 700 % 2;

        if (random_below(&random, 4) == 0 || filling)
            shadow_alloc(length);
        if (shadow.state[index] != HEAD)
            shadow_refuse(index);
        else if (random_below(&random, 2) == 0)
            shadow_resize(index, 1 + random_below(&random, 32));
        else if (!filling || random_below(&random, 8) == 0)
            shadow_free(index);
        shadow_compare();
        if (step % 32 == 0)
            CHECK_SOUND(spans_check());
    }
}

TEST(spans_maps_equal_an_array_of_states)
{
    random_steps(8, 1, 70000);
}

TEST(spans_maps_equal_an_array_of_states_of_32_bytes)
{
    random_steps(1024, 9, 70000);
}

/* Every length at every place: all borders of words, and the last granule. */
TEST(spans_fit_at_every_granule)
{
    for (uint32_t length = 1; length <= 32; length++) {
        for (uint32_t begin = 1; begin + length - 1 <= 128; begin++) {
            shadow_start(8);
            for (uint32_t left = begin - 1; left > 0;) {
                uint32_t piece = left < 32 ? left : 32;

                shadow_alloc(piece);
                left -= piece;
            }
            shadow_alloc(length);
            shadow_alloc(1);
            CHECK_EQ(shadow.state[begin], HEAD);
            CHECK_EQ(shadow.state[begin + length], HEAD);
            shadow_free(begin);
            shadow_alloc(length);
            shadow_resize(begin, 1);
            shadow_resize(begin, length);
            shadow_compare();
            shadow_free(begin);
            shadow_compare();
        }
    }
}

TEST(spans_end_at_the_last_granule)
{
    for (uint32_t length = 1; length <= 32; length++) {
        uint32_t last;

        shadow_start(8);
        for (uint32_t left = shadow.count - length; left > 0;) {
            uint32_t piece = left < 32 ? left : 32;

            shadow_alloc(piece);
            left -= piece;
        }
        shadow_alloc(length);
        last = shadow.count - length + 1;
        CHECK_EQ(shadow.state[last], HEAD);
        expect_no_room(&spans_backend, 8, 8);
        for (uint32_t i = last + 1; i <= shadow.count; i++)
            shadow_refuse(i);
        shadow_resize(last, 32);
        shadow_resize(last, 1);
        shadow_resize(last, length);
        shadow_compare();
        CHECK_SOUND(spans_check());
        shadow_free(last);
        shadow_compare();
        CHECK_SOUND(spans_check());
    }
}

/* -- All states of up to 10 granules -------------------------------------- */

/* Ends the zone after the first `count` granules. */
static void shadow_fill_after(uint32_t count)
{
    shadow_start(8);
    shadow_alloc(count);
    for (uint32_t n = 32; n > 0; n--)
        while (shadow_has_run(n))
            shadow_alloc(n);
    shadow_free(1);
}

static void try_all_calls(uint32_t count)
{
    for (uint32_t i = 1; i <= count; i++) {
        uint32_t length = shadow_length(i);

        if (shadow.state[i] != HEAD) {
            shadow_refuse(i);
            continue;
        }
        for (uint32_t wanted = 1; wanted <= count; wanted++) {
            shadow_resize(i, wanted);
            shadow_resize(i, length);
        }
    }
    for (uint32_t i = 1; i <= count + 1; i++) {
        CHECK_EQ(is_allocated(shadow.zone, i), shadow.state[i] != FREE);
        CHECK_EQ(is_continued(shadow.zone, i), shadow.state[i] == TAIL);
    }
    CHECK_SOUND(spans_check());
}

/* Lays spans of `lengths`, frees those whose bit is not set in `used`, tries
 * every call, and clears up. */
static void try_state(const uint32_t *lengths, uint32_t pieces, uint32_t used,
                      uint32_t count)
{
    uint32_t index = 1;

    for (uint32_t i = 0; i < pieces; i++)
        shadow_alloc(lengths[i]);
    for (uint32_t i = 0; i < pieces; index += lengths[i++])
        if (!(used >> i & 1))
            shadow_free(index);
    try_all_calls(count);
    for (index = 1; index <= count; index++)
        if (shadow.state[index] == HEAD)
            shadow_free(index);
}

/* A bit of `borders` cuts the granules between i and i + 1. */
static void try_cut(uint32_t borders, uint32_t count)
{
    uint32_t lengths[10], pieces = 0, length = 0;

    for (uint32_t i = 0; i < count; i++) {
        length++;
        if (i + 1 == count || (borders >> i & 1)) {
            lengths[pieces++] = length;
            length = 0;
        }
    }
    for (uint32_t used = 0; used < 1u << pieces; used++)
        try_state(lengths, pieces, used, count);
}

TEST(spans_every_state_of_few_granules)
{
    for (uint32_t count = 1; count <= 7; count++) {
        shadow_fill_after(count);
        for (uint32_t borders = 0; borders < 1u << (count - 1); borders++)
            try_cut(borders, count);
    }
}

TEST(spans_every_state_of_ten_granules)
{
    shadow_fill_after(10);
    for (uint32_t borders = 0; borders < 1u << 9; borders++)
        try_cut(borders, 10);
}
