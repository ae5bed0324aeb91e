/* SPDX-License-Identifier: MIT */
/* Lab 6: bookkeeping that a stray write changed, in a zone's header and in free
 * spans. */
#include "tests.h"

#include "mm/spans/spans_zone.h"

/* -- A zone's header ------------------------------------------------------- */

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

/* -- Links of free spans --------------------------------------------------- */

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
static void expect_anew_by_alloc(void)
{
    static void *spans[240];
    size_t pages;

    lab_zones_start(64);
    pages = damage_every_second(spans, 240);
    for (uint32_t i = 0; i < 240; i += 2)
        expect_span(24);
    LAB_EQUAL(lab_zone_pages(), pages,
              "pages, after links were damaged and the gaps filled");
}

/* It frees; then a long span finds the rest of the second page. */
static void expect_anew_by_free(void)
{
    static void *spans[240];
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

/* The links of free spans are overwritten: with links of other runs, of the run
 * itself, and with junk.  The lists are made anew from the maps, so no memory
 * is lost, and none is handed out twice. */
void expect_damage_survived(void)
{
    for (uint32_t kind = 0; kind < 5; kind++) {
        static void *spans[240];
        const uint32_t count = sizeof spans / sizeof *spans;
        uint32_t again = 0;
        size_t pages;

        lab_zones_start(64);
        for (uint32_t i = 0; i < count; i++)
            spans[i] = expect_span(24);
        pages = lab_zone_pages();
        for (uint32_t i = 0; i < count; i += 2)
            lab_free(spans[i]);
        for (uint32_t i = 10; i < count - 10; i += 6) {
            const uint32_t words[] = { 0, UINT32_MAX,
                                       (uint32_t)(uintptr_t)spans[i],
                                       (uint32_t)(uintptr_t)spans[i + 2],
                                       (uint32_t)(uintptr_t)spans[4] };

            lab_stray_word((uintptr_t)spans[i] + i % 4 * 2, words[kind]);
        }
        for (uint32_t i = 1; i < count; i += 4)
            lab_free(spans[i]);
        for (uint32_t i = 0; i < count; i++) {
            if (i % 4 != 3)
                again += (spans[i] = lab_alloc(24)) != NULL;
        }
        LAB_EQUAL(again, count - count / 4, "spans, after links were damaged");
        expect_pages(pages);
        for (uint32_t i = 0; i < count; i++)
            LAB_EQUAL(lab_free(spans[i]), HEAP_OK, "kfree()");
        expect_pages(KEPT_PAGES);
    }
    expect_anew_by_alloc();
    expect_anew_by_free();
}
