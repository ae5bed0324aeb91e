/* SPDX-License-Identifier: MIT */
/* Lab 5.  Every call checks that an entry is aligned, is in a page that was
 * given, overlaps no other and keeps its contents (labtest/lab.h).  Pages are
 * counted: what zalloc holds may not exceed what its entries need. */
#include "labtest/test.h"

#define MOST 60000u

static void **entries; /* MOST of them */

/* A zone holds as many entries as there is room for (tests_ends.c). */
void expect_full_zones(void);
/* Dedicated caches (tests_ends.c). */
void test_zone_caches(void);

static void zones_start(size_t pages)
{
    entries = lab_scratch(MOST * sizeof *entries);
    lab_zones_start(pages);
}

static void *expect_entry(size_t bytes)
{
    void *payload = lab_alloc(bytes);

    LAB_EXPECT(payload, "NULL for %zu bytes, with pages to be had", bytes);
    return payload;
}

static void take(size_t bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        entries[i] = expect_entry(bytes);
}

static void free_all(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        lab_free(entries[i]);
}

/* Entries of `bytes` until there is no page. */
static uint32_t fill(size_t bytes)
{
    uint32_t count = 0;

    while (count < MOST && (entries[count] = lab_alloc(bytes)) != NULL)
        count++;
    return count;
}

static void expect_pages(size_t most)
{
    size_t pages = lab_zone_pages();

    LAB_EXPECT(pages <= most, "%zu pages are held; %zu are enough", pages,
               most);
}

static void test_first(void)
{
    zones_start(64);
    LAB_EQUAL(lab_zone_pages(), 0, "pages held at the start");
    LAB_EQUAL(lab_free(expect_entry(24)), HEAP_OK, "kfree()");
}

static size_t size_for(size_t bytes)
{
    size_t size = ZALLOC_BYTES_MIN;

    while (size < bytes)
        size *= 2;
    return size;
}

static void test_sizes(void)
{
    zones_start(512);
    lab_count_usage();
    LAB_EQUAL(lab_alloc_small(ZALLOC_BYTES_MAX + 1, HEAP_ALIGNMENT), NULL,
              "zalloc_alloc() of 1025 bytes");
    LAB_EQUAL(lab_alloc_small(8, 2 * HEAP_ALIGNMENT), NULL,
              "zalloc_alloc() of 8 bytes at a multiple of 16");
    for (size_t bytes = 1; bytes <= ZALLOC_BYTES_MAX; bytes++)
        LAB_EQUAL(lab_size(expect_entry(bytes)), size_for(bytes),
                  "the size of the entry");
    lab_verify();
    LAB_EQUAL(lab_alloc(ZALLOC_BYTES_MAX + 1), NULL, "1025 bytes");
    LAB_EQUAL(lab_alloc_aligned(8, 64), NULL, "8 bytes at a multiple of 64");
    LAB_EQUAL(heap_stats().usage.used_blocks, ZALLOC_BYTES_MAX,
              "entries in use");
}

/* How densely pages are filled: nine tenths at least, less one store. */
static void test_dense(void)
{
    expect_full_zones();
    for (size_t size = 8; size <= ZALLOC_BYTES_MAX; size *= 2) {
        uint32_t count = 16 * 15 * PAGE_BYTES / 16 / (uint32_t)size;

        zones_start(64);
        take(size, count);
        expect_pages(count * size / (PAGE_BYTES / 10 * 9) + 4 + 2);
        free_all(count);
    }
}

static void test_reuse(void)
{
    zones_start(64);
    for (uint32_t i = 0; i < 3000; i++) {
        void *a = expect_entry(64), *b = expect_entry(64);

        lab_free(a);
        lab_free(b);
    }
    expect_pages(2);
    take(32, 1000);
    for (uint32_t i = 0; i < 1000; i += 2)
        lab_free(entries[i]);
    for (uint32_t i = 0; i < 1000; i += 2)
        entries[i] = expect_entry(32);
    lab_verify();
    expect_pages(2 + 9);
}

static void test_full(void)
{
    zones_start(256);
    take(256, 15 * 200);
    lab_verify();
    for (uint32_t i = 0; i < 15 * 200; i += 7)
        lab_free(entries[i]);
    for (uint32_t i = 0; i < 15 * 200; i += 7)
        entries[i] = expect_entry(256);
    expect_pages(202);
}

/* A store has some 500 slots: these are zones for three stores. */
static void test_stores(void)
{
    zones_start(1300);
    take(256, 15 * 1200);
    lab_verify();
    expect_pages(1200 + 3);
    free_all(15 * 1200);
    expect_pages(1 + 2);
}

static void test_stores_again(void)
{
    zones_start(1300);
    for (uint32_t round = 0; round < 4; round++) {
        take(256, 15 * 600);
        expect_pages(600 + 2);
        /* From the middle on, so that slots are freed in the middle. */
        for (uint32_t i = 0; i < 15 * 600; i++)
            lab_free(entries[(i + 15 * 200) % (15 * 600)]);
        expect_pages(1 + 2);
    }
}

static void test_give_back(void)
{
    zones_start(256);
    for (size_t size = 8; size <= ZALLOC_BYTES_MAX; size *= 2) {
        uint32_t count = 4 * 16 * PAGE_BYTES / (uint32_t)size;
        size_t zone = size <= 256 ? 1 : size / 256;

        count = count < 1000 ? count : 1000;
        zones_start(256);
        take(size, count);
        free_all(count);
        expect_pages(zone + 1);
    }
}

/* One entry by turns does not build and tear down zones. */
static void test_calm(void)
{
    void *entry;
    uint64_t pages;

    zones_start(64);
    entry = expect_entry(512);
    pages = lab_zone_pages();
    lab_free(entry);
    LAB_EQUAL(lab_zone_pages(), pages, "pages after the only entry is freed");
    entry = expect_entry(512);
    LAB_EQUAL(lab_zone_pages(), pages, "pages after it is allocated again");
}

static void test_no_page(void)
{
    uint32_t count;

    zones_start(64);
    lab_count_usage();
    lab_zone_limit(0);
    LAB_EQUAL(lab_alloc(8), NULL, "8 bytes without any page");
    lab_zone_limit(1);
    LAB_EQUAL(lab_alloc(8), NULL, "8 bytes with one page: a store needs one");
    LAB_EQUAL(lab_zone_pages(), 0, "pages held after NULL");
    lab_zone_limit(12);
    count = fill(256);
    LAB_EQUAL(count, 11 * 15, "entries of 256 bytes in 11 zones");
    LAB_EQUAL(lab_alloc(512), NULL, "512 bytes without a page");
    LAB_EQUAL(lab_zone_pages(), 12, "pages held after NULL");
    lab_verify();
    lab_zone_limit(64);
    expect_entry(512);
    free_all(count);
}

static void test_no_page_for_store(void)
{
    zones_start(600);
    lab_zone_limit(512); /* 510 zones, their store, and one page */
    LAB_EQUAL(fill(256), 510 * 15, "entries of 256 bytes in 510 zones");
    LAB_EQUAL(lab_zone_pages(), 511, "pages held after NULL");
    LAB_EQUAL(lab_alloc(256), NULL, "256 bytes, a second time");
    LAB_EQUAL(lab_zone_pages(), 511, "pages held after NULL");
    lab_zone_limit(600);
    expect_entry(256);
    LAB_EQUAL(lab_zone_pages(), 513, "pages held, with a second store");
}

static void test_misuse(void)
{
    static uint64_t elsewhere[8];
    uint8_t *a, *b;

    zones_start(64);
    lab_count_usage();
    a = expect_entry(64);
    b = expect_entry(64);
    LAB_EQUAL(lab_free(a), HEAP_OK, "kfree(a)");
    LAB_EQUAL(lab_free(a), HEAP_ALREADY_FREE, "kfree(a), again");
    LAB_EQUAL(lab_free(b + 4), HEAP_MISALIGNED, "kfree(b + 4)");
    LAB_EQUAL(lab_free(b + 16), HEAP_INTERIOR, "kfree(b + 16)");
    LAB_EQUAL(lab_free(elsewhere + 4), HEAP_FOREIGN,
              "kfree() of an address outside the heap");
    LAB_EXPECT(lab_free((void *)align_down((uintptr_t)b, PAGE_BYTES)) !=
                   HEAP_OK,
               "kfree() of the zone's own header");
    LAB_EQUAL(heap_stats().usage.used_blocks, 1, "entries in use");
    LAB_EQUAL(lab_free(b), HEAP_OK, "kfree(b)");
}

/* The least work for one allocation and its free, of many. */
static uint64_t least_work(void)
{
    uint64_t least = UINT64_MAX;

    for (uint32_t i = 0; i < 200; i++) {
        uint64_t work = lab_work_of(256);

        least = work < least ? work : least;
    }
    return least;
}

static void test_constant(void)
{
    uint64_t few, many;

    zones_start(4100);
    take(256, 15 * 10 + 1);
    few = least_work();
    for (uint32_t i = 15 * 10 + 1; i < 15 * 4000 - 7; i++)
        entries[i] = expect_entry(256);
    many = least_work();
    LAB_EXPECT(many < 2 * few,
               "with 4000 zones it takes %u times as long as with 10",
               (unsigned)((uint32_t)many / ((uint32_t)few | 1)));
    for (uint32_t i = 0; i < 15 * 3900; i += 15)
        lab_free(entries[i]); /* all zones have a gap */
    LAB_EXPECT(least_work() < 2 * few,
               "with 4000 open zones it takes longer than with 10");
    for (uint32_t i = 15 * 1000; i < 15 * 2500; i++) {
        if (i % 15 != 0)
            lab_free(entries[i]); /* zones go, in the middle of the stores */
    }
    LAB_EXPECT(least_work() < 2 * few,
               "with gaps in the stores it takes longer than with 10 zones");
}

static void test_stress(void)
{
    static const struct lab_stress roomy = { 4000, 1024, 8, true, false };
    static const struct lab_stress tight = { 4000, 1024, 8, true, true };

    zones_start(512);
    lab_count_usage();
    lab_stress(&roomy);
    expect_pages(8 + 2 * 2 + 1 + 1 + 4);
    zones_start(512);
    lab_zone_limit(12);
    lab_stress(&tight);
    LAB_EQUAL(heap_stats().usage.used_blocks, 0, "entries in use");
}

static void test_trace(void)
{
    lab_replay("linux-i386-kmalloc", 60);
    lab_replay("python3-queens", 55);
}

static const struct lab_test tests[] = {
    { "first", 5, "One entry before there is a zone, and back.",
      "A new zone has pages, a header, an empty bitmap and a slot in the list.",
      NULL, test_first },
    { "sizes", 10, "1024 sizes, each in the smallest entry that holds it.",
      "The right cache is the first whose entries are not too small.", "first",
      test_sizes },
    { "dense", 5, "Zones are filled to nine tenths with entries.",
      "Header + bitmap + entries <= zone: as many entries as fit.", "sizes",
      test_dense },
    { "reuse", 5, "Freed entries are handed out again, before new zones.",
      "Clear the bit; a zone that was full goes back into the open list.",
      "first", test_reuse },
    { "full", 10, "200 full zones, and gaps in them.",
      "A full zone leaves the open list, and comes back with its first gap.",
      "reuse", test_full },
    { "stores", 10, "1200 zones: more than two stores have slots for.",
      "When the newest store is full, a new one is linked to it.", "full",
      test_stores },
    { "stores-again", 5, "Slots are used again, in every order of zones.",
      "The last slot moves to the free place. Does its zone know its new "
      "place?",
      "stores", test_stores_again },
    { "give-back", 10, "Zones that are all free go back to the page source.",
      "An empty zone goes back, unless it is its cache's only open one.",
      "reuse", test_give_back },
    { "calm", 5, "The only zone is kept, for the next allocation.",
      "Keep one empty zone a cache, or each turn costs a page.", "first",
      test_calm },
    { "no-page", 5, "No page: NULL, and nothing changes.",
      "After a failure, give back all that was taken before.", "full",
      test_no_page },
    { "no-page-store", 5, "A page for the zone, but none for its store.",
      "There is no page for a new store: the zone's pages have to go back.",
      "stores", test_no_page_for_store },
    { "misuse", 5, "Wrong frees are refused, by name, and change nothing.",
      "zalloc_find() is given: call it before you use a pointer.", "first",
      test_misuse },
    { "cache", 5, "Dedicated caches: exact sizes, no strangers, destroyed.",
      "An entry belongs to its zone's cache; destroy only what is unused.",
      "give-back", test_zone_caches },
    { "constant", 5, "As fast with 4000 zones as with 10.",
      "Nothing may walk over all zones: not alloc, not free, not slots.",
      "stores", test_constant },
    { "stress", 5, "8000 random steps; then all pages are free.",
      "The steps below are the shortest that fail; draw them.", "give-back",
      test_stress },
    { "trace", 5, "A booting Linux and a Python, zones above, list below.",
      "Zones that stay although empty: look at make replay and at the map.",
      "give-back", test_trace },
};

const struct lab lab_zalloc = { "zalloc", "paging", tests,
                                sizeof tests / sizeof *tests };
