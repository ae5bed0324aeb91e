/* SPDX-License-Identifier: MIT */
/* Lab 6: the longest span, the last granule, overwritten bookkeeping, and many
 * zones. */
#include "tests.h"

#include "mm/spans/spans_zone.h"

#define MANY_ZONES 2000u

static void *expect_span(size_t bytes)
{
    void *payload = lab_alloc(bytes);

    LAB_EXPECT(payload, "NULL for %zu bytes, with pages to be had", bytes);
    return payload;
}

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

/* -- Wrong addresses ---------------------------------------------------------- */

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

/* -- Damage ------------------------------------------------------------------ */

/* With `word` in place of the one at `at`, the span cannot be freed. */
static void expect_corrupt(void *span, uint32_t *at, uint32_t word)
{
    uint32_t before = lab_word(at);

    lab_stray_word((uintptr_t)at, word);
    LAB_EQUAL(lab_free_damaged(span), HEAP_CORRUPT,
              "kfree() in a zone that was overwritten");
    lab_stray_word((uintptr_t)at, before);
}

void expect_damage_named(void)
{
    struct span_zone *zone;
    void *span;

    lab_zones_start(8);
    lab_count_usage();
    span = expect_span(24);
    zone = (struct span_zone *)align_down((uintptr_t)span, PAGE_BYTES);
    if (lab_word(&zone->magic) == spans_zone_magic(zone)) {
        expect_corrupt(span, &zone->magic, ~lab_word(&zone->magic));
        expect_corrupt(span, &zone->magic, 0);
        expect_corrupt(span, &zone->map[0].allocated,
                       lab_word(&zone->map[0].allocated) & ~1u);
        lab_stray_word((uintptr_t)&zone->map[1].continued, UINT32_MAX);
        expect_corrupt(span, &zone->map[0].continued, ~3u);
        lab_stray_word((uintptr_t)&zone->map[1].continued, 0);
    }
    LAB_EQUAL(lab_free(span), HEAP_OK, "kfree(), with all as it was");
}

/* Every second of `count` spans is freed, and all its links overwritten. */
static size_t damage_every_second(void **spans, uint32_t count)
{
    size_t pages;

    for (uint32_t i = 0; i < count; i++)
        spans[i] = expect_span(24);
    pages = lab_zone_pages();
    for (uint32_t i = 0; i < count; i += 2)
        lab_free(spans[i]);
    for (uint32_t i = 0; i < count; i += 2) {
        lab_stray_word((uintptr_t)spans[i], UINT32_MAX);
        lab_stray_word((uintptr_t)spans[i] + 4, UINT32_MAX);
    }
    return pages;
}

/* The first call after the damage allocates. */
static void expect_anew_by_alloc(void **spans)
{
    size_t pages;

    lab_zones_start(64);
    pages = damage_every_second(spans, 240);
    for (uint32_t i = 0; i < 240; i += 2)
        expect_span(24);
    LAB_EQUAL(lab_zone_pages(), pages,
              "pages, after links were damaged and the gaps filled");
}

/* It frees; then a long span finds the rest of the second page. */
static void expect_anew_by_free(void **spans)
{
    size_t pages;

    lab_zones_start(64);
    pages = damage_every_second(spans, 240);
    lab_free(spans[101]);
    expect_span(256);
    LAB_EQUAL(lab_zone_pages(), pages,
              "pages, after links were damaged and a span was freed");
}

/* It makes a span longer; then the gaps serve again. */
void expect_anew_by_growing(void)
{
    static void *spans[240];
    size_t pages;

    lab_zones_start(64);
    pages = damage_every_second(spans, 240);
    LAB_EQUAL(lab_realloc(spans[101], 32), spans[101],
              "24 bytes made 32, with 24 free after them");
    for (uint32_t i = 2; i < 240; i += 2)
        expect_span(24);
    LAB_EQUAL(lab_zone_pages(), pages,
              "pages, after links were damaged and a span became longer");
}

/* Fills one more page with spans, and leaves gaps of 24 bytes alone; how many
 * there are. */
static uint32_t fill_page(void **spans)
{
    uint32_t count = 0;

    lab_zone_limit(lab_zone_pages() + 1);
    for (size_t bytes = 256; bytes > 24; bytes -= 8) {
        while ((spans[count] = lab_alloc(bytes)) != NULL)
            count++;
    }
    return count;
}

/* A page with gaps, a full page, and one with a long run.  Then the full one is
 * freed up to its last span, so that it begins with a long run. */
static void *free_all_but_last(void **spans)
{
    uint32_t count, last = 0;

    lab_zones_start(64);
    for (uint32_t i = 0; i < 120; i++)
        spans[i] = expect_span(24);
    lab_zone_limit(1);
    while (lab_alloc(256) || lab_alloc(32) || lab_alloc(8))
        continue;
    for (uint32_t i = 0; i < 120; i += 2)
        lab_free(spans[i]);
    count = fill_page(spans);
    lab_zone_limit(64);
    expect_span(256);
    for (uint32_t i = 0; i < count; i++)
        last = spans[i] > spans[last] ? i : last;
    for (uint32_t i = 0; i < count; i++) {
        if (i != last)
            lab_free(spans[i]);
    }
    return spans[last];
}

/* It frees the last span of a page, and finds out when the page goes back. */
void expect_anew_by_retiring(void)
{
    static void *spans[240];
    void *last = free_all_but_last(spans);
    size_t pages = lab_zone_pages();

    lab_stray_word((uintptr_t)spans[0], UINT32_MAX);
    lab_stray_word((uintptr_t)spans[0] + 4, UINT32_MAX);
    lab_free(last);
    LAB_EQUAL(lab_zone_pages(), pages - 1,
              "pages, after links were damaged and a page became free");
    for (uint32_t i = 0; i < 60; i++)
        expect_span(24);
    for (uint32_t i = 0; i < 10; i++)
        expect_span(256);
    LAB_EQUAL(lab_zone_pages(), pages - 1, "pages, with the gaps filled");
}

void expect_lists_made_anew(void)
{
    static void *spans[240];

    expect_anew_by_alloc(spans);
    expect_anew_by_free(spans);
}

/* -- Many zones --------------------------------------------------------------- */

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
