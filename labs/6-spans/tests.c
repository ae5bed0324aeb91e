/* SPDX-License-Identifier: MIT */
/* Lab 6.  Every call checks that a span is aligned, is in a page that was
 * given, overlaps no other and keeps its contents (labtest/lab.h).  Pages are
 * counted: what spans hold may not exceed what they need. */
#include "tests.h"

#define MOST 20000u

static void **spans; /* MOST of them */

static void zones_start(size_t pages)
{
    spans = lab_scratch(MOST * sizeof *spans);
    lab_zones_start(pages);
}

void *expect_span(size_t bytes)
{
    void *payload = lab_alloc(bytes);

    LAB_EXPECT(payload, "NULL for %zu bytes, with pages to be had", bytes);
    return payload;
}

static void take(size_t bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        spans[i] = expect_span(bytes);
}

static void free_all(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        LAB_EQUAL(lab_free(spans[i]), HEAP_OK, "kfree()");
}

/* Spans of `bytes` until there is no page. */
static uint32_t fill(size_t bytes)
{
    uint32_t count = 0;

    while (count < MOST && (spans[count] = lab_alloc(bytes)) != NULL)
        count++;
    return count;
}

void expect_pages(size_t most)
{
    size_t pages = lab_zone_pages();

    LAB_EXPECT(pages <= most, "%zu pages are held; %zu are enough", pages,
               most);
}

static void test_first(void)
{
    zones_start(64);
    LAB_EQUAL(lab_zone_pages(), 0, "pages held at the start");
    LAB_EQUAL(lab_free(expect_span(20)), HEAP_OK, "kfree()");
}

static size_t size_for(size_t bytes)
{
    return align_up(bytes, bytes <= 256 ? 8 : 32);
}

static void test_sizes(void)
{
    zones_start(512);
    for (size_t bytes = 1; bytes <= SPANS_BYTES_MAX; bytes++)
        LAB_EQUAL(lab_size(expect_span(bytes)), size_for(bytes),
                  "the size of the span");
    lab_verify();
    LAB_EQUAL(lab_alloc(SPANS_BYTES_MAX + 1), NULL, "1025 bytes");
    LAB_EQUAL(lab_alloc_aligned(8, 64), NULL, "8 bytes at a multiple of 64");
    LAB_EQUAL(lab_heap_stats().usage.used_blocks, SPANS_BYTES_MAX,
              "spans in use");
    expect_span_limits();
}

/* One span of each length fits a page with all the others. */
static void test_shared(void)
{
    zones_start(64);
    for (size_t bytes = 8; bytes <= 232; bytes += 8)
        expect_span(bytes);
    expect_pages(1);
    for (size_t bytes = 264; bytes <= 1024; bytes += 32)
        expect_span(bytes);
    expect_pages(1 + 5);
}

/* Nine tenths of what is held are payload, for odd sizes too. */
static void test_dense(void)
{
    static const size_t sizes[] = { 8, 20, 33, 72, 136, 200, 290, 650 };

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint32_t count = 40 * PAGE_BYTES / (uint32_t)sizes[i];

        zones_start(64);
        take(sizes[i], count < MOST ? count : MOST);
        expect_pages(count * size_for(sizes[i]) / (PAGE_BYTES / 10 * 9) + 2);
    }
}

static void test_reuse(void)
{
    zones_start(64);
    for (uint32_t i = 0; i < 3000; i++) {
        void *a = expect_span(100), *b = expect_span(30);

        lab_free(a);
        lab_free(b);
    }
    expect_pages(1);
    take(32, 1000);
    for (uint32_t i = 0; i < 1000; i += 2)
        lab_free(spans[i]);
    for (uint32_t i = 0; i < 1000; i += 2)
        spans[i] = expect_span(32);
    lab_verify();
    expect_pages(9);
}

/* A gap of 40 bytes takes 16 and 24, and nothing is left of it. */
static void test_fit(void)
{
    uint32_t count;

    zones_start(8);
    lab_zone_limit(1);
    count = fill(40);
    LAB_EXPECT(count >= 90, "only %u spans of 40 bytes in a page", count);
    while (lab_alloc(8) != NULL)
        continue;
    for (uint32_t i = 5; i < count; i += 9) {
        lab_free(spans[i]);
        LAB_EXPECT(lab_alloc(16), "no 16 bytes where 40 are free");
        LAB_EXPECT(lab_alloc(24), "no 24 bytes where 40 - 16 are free");
        LAB_EQUAL(lab_alloc(8), NULL, "8 bytes more");
    }
    lab_verify();
}

/* Three neighbours, freed in each order, make room for one span. */
static void test_join(void)
{
    static const uint8_t orders[6][3] = {
        { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
        { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 }
    };

    for (unsigned i = 0; i < 6; i++) {
        uint32_t count;

        zones_start(8);
        lab_zone_limit(1);
        count = fill(64);
        while (lab_alloc(8) != NULL)
            continue;
        LAB_EXPECT(count > 40, "only %u spans of 64 bytes in a page", count);
        for (unsigned j = 0; j < 3; j++)
            lab_free(spans[20 + orders[i][j]]);
        LAB_EXPECT(lab_alloc(192),
                   "three neighbours of 64 bytes, freed in the "
                   "order %u %u %u, do not make 192",
                   orders[i][0], orders[i][1], orders[i][2]);
        LAB_EQUAL(lab_alloc(8), NULL, "8 bytes more");
    }
}

static void test_give_back(void)
{
    zones_start(256);
    for (size_t bytes = 8; bytes <= SPANS_BYTES_MAX; bytes += 56) {
        uint32_t count = 40 * PAGE_BYTES / (uint32_t)bytes;

        count = count < 2000 ? count : 2000;
        take(bytes, count);
        free_all(count);
        expect_pages(KEPT_PAGES);
    }
    take(24, 3000);
    for (uint32_t i = 0; i < 3000; i++)
        lab_free(spans[(i + 1000) % 3000]);
    expect_pages(KEPT_PAGES);
    expect_anew_by_retiring();
}

/* One span by turns does not build and tear down zones. */
static void test_calm(void)
{
    void *span;
    uint64_t pages;

    zones_start(64);
    span = expect_span(500);
    pages = lab_zone_pages();
    lab_free(span);
    LAB_EQUAL(lab_zone_pages(), pages, "pages after the only span is freed");
    span = expect_span(500);
    LAB_EQUAL(lab_zone_pages(), pages, "pages after it is allocated again");
    expect_spans_bounded();
}

static void test_shrink(void)
{
    zones_start(8);
    lab_zone_limit(1);
    take(240, 10);
    while (lab_alloc(8) != NULL)
        continue;
    LAB_EQUAL(lab_realloc(spans[4], 100), spans[4], "240 bytes made 100");
    LAB_EQUAL(lab_size(spans[4]), 104, "its size");
    LAB_EXPECT(lab_alloc(136), "no 136 bytes where 240 were made 104");
    LAB_EQUAL(lab_alloc(8), NULL, "8 bytes more");
    LAB_EQUAL(lab_free(spans[4]), HEAP_OK, "kfree()");
    LAB_EXPECT(lab_alloc(104), "no 104 bytes where 104 were freed");
    LAB_EQUAL(lab_alloc(8), NULL, "8 bytes more");
}

static void test_lengthen(void)
{
    void *payload;

    zones_start(8);
    lab_zone_limit(1);
    take(120, 30);
    while (lab_alloc(8) != NULL)
        continue;
    lab_free(spans[11]);
    LAB_EQUAL(lab_realloc(spans[10], 200), spans[10],
              "120 bytes made 200, with 120 free after them");
    LAB_EXPECT(lab_alloc(40), "no 40 bytes where 40 are left");
    LAB_EQUAL(lab_alloc(8), NULL, "8 bytes more");
    LAB_EQUAL(lab_realloc(spans[20], 128), NULL,
              "120 bytes made 128, with nothing free at all");
    LAB_EQUAL(lab_size(spans[20]), 120, "its size after that");
    lab_zone_limit(8);
    payload = lab_realloc(spans[20], 128);
    LAB_EXPECT(payload && payload != spans[20], "it does not move");
    lab_verify();
    expect_span_growth();
    expect_anew_by_growing();
}

static void test_misuse(void)
{
    static uint64_t elsewhere[8];
    uint8_t *a, *b;

    zones_start(64);
    a = expect_span(60);
    b = expect_span(60);
    LAB_EQUAL(lab_free(a), HEAP_OK, "kfree(a)");
    LAB_EQUAL(lab_free(a), HEAP_ALREADY_FREE, "kfree(a), again");
    LAB_EQUAL(lab_free(b + 4), HEAP_MISALIGNED, "kfree(b + 4)");
    for (unsigned at = 8; at < 64; at += 8)
        LAB_EQUAL(lab_free(b + at), HEAP_INTERIOR, "kfree() inside of b");
    LAB_EQUAL(lab_free(elsewhere + 4), HEAP_FOREIGN,
              "kfree() of an address outside the heap");
    LAB_EXPECT(lab_free((void *)align_down((uintptr_t)b, PAGE_BYTES)) !=
                   HEAP_OK,
               "kfree() of the zone's own header");
    expect_damage_survived();
    expect_page_refused();
    expect_damage_named();
    zones_start(64);
    lab_count_usage();
    a = expect_span(24);
    b = expect_span(600);
    LAB_EQUAL(lab_free(b + 8), HEAP_INTERIOR, "kfree(), 8 into a granule");
    LAB_EQUAL(lab_heap_stats().usage.used_blocks, 2, "spans in use");
    LAB_EQUAL(lab_free(b), HEAP_OK, "kfree(b)");
    LAB_EQUAL(lab_free(a), HEAP_OK, "kfree(a)");
}

static void test_no_page(void)
{
    uint32_t count;

    zones_start(64);
    lab_zone_limit(0);
    LAB_EQUAL(lab_alloc(8), NULL, "8 bytes without any page");
    LAB_EQUAL(lab_zone_pages(), 0, "pages held after NULL");
    lab_zone_limit(12);
    count = fill(248);
    LAB_EXPECT(count >= 12 * 15, "only %u spans of 248 bytes in 12 pages",
               count);
    LAB_EQUAL(lab_alloc(512), NULL, "512 bytes without a page");
    LAB_EQUAL(lab_zone_pages(), 12, "pages held after NULL");
    lab_verify();
    lab_zone_limit(64);
    expect_span(512);
    free_all(count);
}

static void test_stress(void)
{
    static const struct lab_stress roomy = { 4000, 1024, 8, true, false };
    static const struct lab_stress tight = { 4000, 1024, 8, true, true };

    zones_start(512);
    lab_stress(&roomy);
    expect_pages(KEPT_PAGES);
    zones_start(512);
    lab_zone_limit(6);
    lab_stress(&tight);
    LAB_EQUAL(lab_heap_stats().usage.used_blocks, 0, "spans in use");
}

static void test_trace(void)
{
    lab_replay("linux-i386-kmalloc", 78);
    lab_replay("python3-queens", 70);
}

static const struct lab_test tests[] = {
    { "first", 5, "One span before there is a zone, and back.",
      "A new zone is one free run between sentinels. A used span has a head.",
      NULL, test_first },
    { "sizes", 10, "1024 sizes, each in the fewest granules that hold it.",
      "A head has no bit in C, each of its tails has one.", "first",
      test_sizes },
    { "shared", 5, "All lengths share the zones of their granule.",
      "The rest of a run is a free run again, and is in a list.", "sizes",
      test_shared },
    { "dense", 5, "Nine tenths of the pages are payload.",
      "How long is the rest of a run that was RUN_CLASSES or more?", "sizes",
      test_dense },
    { "reuse", 5, "Freed spans are handed out again, before new zones.",
      "A free run has no bit in A and none in C, and it is in a list.", "first",
      test_reuse },
    { "fit", 10, "16 and 24 bytes fill a free run of 40.",
      "Look at A and C with print/t: is anything left between the spans?",
      "reuse", test_fit },
    { "join", 10, "Free neighbours become one run, on both sides.",
      "Ask free_before() and free_after() before you unmark.", "reuse",
      test_join },
    { "give-back", 10, "Zones that are all free go back to the page source.",
      "What happens to a zone when its last span is freed?", "join",
      test_give_back },
    { "calm", 5, "The only zone is kept, for the next allocation.",
      "Destroy it only if another list has a run of the longest span.", "first",
      test_calm },
    { "shrink", 5, "A span gives its end back without moving.",
      "The last granules of a shorter span are a free run.", "fit",
      test_shrink },
    { "lengthen", 5, "A span grows into the free run after it.",
      "The granules that a span gets have no head; the rest of the run goes "
      "back.",
      "shrink", test_lengthen },
    { "misuse", 10, "Wrong frees are refused, by name, and change nothing.",
      "Ask the page map, the zone, the index, A and C, in this order.", "sizes",
      test_misuse },
    { "no-page", 5, "No page: NULL, and nothing changes.",
      "A new zone may find no page. Then nothing may have changed.", "reuse",
      test_no_page },
    { "stress", 5, "8000 random steps; then all pages are free.",
      "The steps below are the shortest that fail; draw them.", "give-back",
      test_stress },
    { "trace", 5, "A booting Linux and a Python, spans above, list below.",
      "Zones that stay although empty: look at make replay and at the map.",
      "give-back", test_trace },
};

const struct lab lab_spans = { "spans", "paging", tests,
                               sizeof tests / sizeof *tests };
