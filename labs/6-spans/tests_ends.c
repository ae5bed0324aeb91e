/* SPDX-License-Identifier: MIT */
/* Lab 6: the longest span, the last granule, and many zones. */
#include "tests.h"

#include "mm/spans/spans_zone.h"

#define MANY_ZONES 2000u

/* Spans of 8 bytes in all the rest of the pages that may be held. */
static void fill_rest(void)
{
    while (lab_alloc(8) != NULL)
        continue;
}

void expect_span_limits(void)
{
    lab_zones_start(64);
    LAB_EQUAL(lab_alloc_small(SPANS_BYTES_MAX + 1, 8), NULL,
              "spans_alloc(1025)");
    LAB_EQUAL(lab_alloc_small(8, 16), NULL, "spans_alloc() of 8 bytes at 16");
    LAB_EQUAL(lab_alloc_small(SPANS_BYTES_MAX, 64), NULL,
              "spans_alloc() of 1024 bytes at 64");
    LAB_EQUAL(lab_zone_pages(), 0, "pages held after NULL");
    LAB_EXPECT(lab_alloc_small(SPANS_BYTES_MAX, 8), "no span of 1024 bytes");
}

/* -- Growing --------------------------------------------------------------- */

static void expect_growth_over_all(void)
{
    void *first, *second;

    lab_zones_start(8);
    lab_zone_limit(1);
    lab_count_usage();
    first = expect_span(120);
    LAB_EQUAL(lab_realloc(first, 240), first, "120 bytes made 240");
    LAB_EQUAL(lab_realloc(first, 120), first, "240 bytes made 120");
    second = expect_span(120);
    fill_rest();
    lab_free(second);
    LAB_EQUAL(lab_realloc(first, 240), first,
              "120 bytes made 240, with exactly 120 free after them");
    LAB_EQUAL(lab_size(first), 240, "its size");
    LAB_EQUAL(lab_alloc(8), NULL, "8 bytes more");
    LAB_EXPECT(lab_resize_refused(first, 248),
               "spans_resize() to 248, with nothing free");
}

static void expect_growth_to_the_longest(void)
{
    void *first, *second;

    lab_zones_start(8);
    lab_zone_limit(1);
    first = expect_span(248);
    second = expect_span(64);
    fill_rest();
    lab_free(second);
    LAB_EXPECT(lab_resize_refused(first, 257),
               "spans_resize() to 257 bytes, in a zone of spans up to 256");
    LAB_EXPECT(lab_resize_refused(second, 8),
               "spans_resize() of a span that was freed");
    LAB_EQUAL(lab_realloc(first, 256), first,
              "248 bytes made 256, with 64 free after them");
    LAB_EXPECT(lab_alloc(56), "no 56 bytes where 56 are left");
    LAB_EQUAL(lab_alloc(8), NULL, "8 bytes more");
}

/* The longest of all spans; and a resize to the size that a span has. */
static void expect_growth_to_the_limit(void)
{
    void *first, *second;

    lab_zones_start(8);
    lab_zone_limit(1);
    first = expect_span(992);
    second = expect_span(320);
    while (lab_alloc(288) != NULL)
        continue;
    LAB_EXPECT(!lab_resize_refused(first, lab_size(first)),
               "spans_resize() to the size that a span has");
    lab_free(second);
    LAB_EQUAL(lab_realloc(first, SPANS_BYTES_MAX), first,
              "992 bytes made 1024, with 320 free after them");
    LAB_EXPECT(lab_alloc(288), "no 288 bytes where 288 are left");
}

/* Zones that have gone back: their addresses lead to no zone. */
static void expect_gone_zones_refused(void)
{
    void *spans[32];
    uint32_t count = 0;

    lab_zones_start(64);
    while (lab_zone_pages() < 4)
        spans[count++] = expect_span(1024);
    for (uint32_t i = 0; i < count; i++)
        lab_free(spans[i]);
    LAB_EXPECT(lab_zone_pages() <= KEPT_PAGES, "all is free, and pages stay");
    for (uint32_t i = 0; i < count; i++) {
        LAB_EXPECT(lab_resize_refused(spans[i], 8),
                   "spans_resize() in a page that may have gone back");
        LAB_EXPECT(lab_free(spans[i]) != HEAP_OK, "kfree(), again");
    }
}

void expect_span_growth(void)
{
    expect_growth_over_all();
    expect_growth_to_the_longest();
    expect_growth_to_the_limit();
    expect_gone_zones_refused();
}

/* -- Wrong addresses ------------------------------------------------------- */

static void expect_all_refused(uint8_t *span, size_t bytes)
{
    uint8_t *page = (uint8_t *)align_down((uintptr_t)span, PAGE_BYTES);

    for (uint8_t *at = page; at < page + PAGE_BYTES; at += 8) {
        bool inside = at > span && at < span + bytes;
        bool free_run = at < page + PAGE_BYTES - 64 && at > page + 256;

        if (inside)
            LAB_EQUAL(lab_free(at), HEAP_INTERIOR, "kfree() inside a span");
        else if (at < page + sizeof(struct span_zone) ||
                 at + 8 == page + PAGE_BYTES)
            LAB_EQUAL(lab_free(at), HEAP_FOREIGN,
                      "kfree() in a zone's header or after its last granule");
        else if (at != span)
            LAB_EXPECT(lab_free(at) != HEAP_OK, "kfree(%#lx) is accepted",
                       (unsigned long)at);
        if (!inside && free_run && (uintptr_t)at % 32 == (uintptr_t)span % 32)
            LAB_EQUAL(lab_free(at), HEAP_ALREADY_FREE,
                      "kfree() of a free granule");
    }
    LAB_EQUAL(lab_free(span), HEAP_OK, "kfree() of the span");
}

void expect_page_refused(void)
{
    lab_zones_start(8);
    expect_all_refused(expect_span(60), 64);
    lab_zones_start(8);
    expect_all_refused(expect_span(600), 608);
}

/* -- Many zones ------------------------------------------------------------ */

/* The work of a span that needs a zone, and gives it back, after `zones`. */
static uint64_t work_after(size_t zones)
{
    uint64_t most = 0;

    lab_zones_start(2 * zones);
    while (lab_zone_pages() < zones)
        expect_span(1024);
    for (size_t bytes = 24; bytes <= SPANS_BYTES_MAX; bytes += 200) {
        uint64_t work = lab_work_of(bytes);

        most = work > most ? work : most;
    }
    return most;
}

void expect_spans_bounded(void)
{
    uint64_t few = work_after(2), many = work_after(MANY_ZONES);

    LAB_EXPECT(many < 2 * few + 200,
               "a span after %u zones is %llu of work, after two %llu",
               MANY_ZONES, (unsigned long long)many, (unsigned long long)few);
}
