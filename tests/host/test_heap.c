/* SPDX-License-Identifier: MIT */
/* The kmalloc layer over one backend and over two. */
#include "harness.h"
#include "model.h"

#include "lib/addr.h"
#include "mm/heap/bump.h"
#include "mm/heap/heap.h"
#include "mm/heap/heap_pages.h"
#include "mm/malloc/malloc.h"
#include "mm/zalloc/zalloc.h"

#include <string.h>

#define REGION_BYTES (256u * 1024)

static _Alignas(4096) uint8_t region[REGION_BYTES];

static const uintptr_t begin = (uintptr_t)region;
static const uintptr_t end = (uintptr_t)region + REGION_BYTES;

static void start_bump(void)
{
    bump_init(begin, end);
    heap_start(begin, end, &bump_backend);
}

static void start_malloc_in(uintptr_t heap_end)
{
    malloc_init(begin, heap_end);
    heap_start(begin, heap_end, &malloc_backend);
}

static void start_malloc(void)
{
    start_malloc_in(end);
}

static void start_zalloc_in(uintptr_t heap_end)
{
    start_malloc_in(heap_end);
    zalloc_init(heap_page_source(begin, heap_end));
    heap_add_small(&zalloc_backend, ZALLOC_BYTES_MAX);
}

static void start_zalloc(void)
{
    start_zalloc_in(end);
}

static void (*const starts[])(void) = { start_bump, start_malloc,
                                        start_zalloc };

#define STARTS (sizeof starts / sizeof starts[0])

/* The text that printed_text() must have about a refused call. */
static void expect_complaint(const char *call, const void *payload,
                             const char *why)
{
    const char *text = printed_text();
    char expected[200];

    snprintf(expected, sizeof expected, "%s %#lx: %s, called from 0x", call,
             (unsigned long)payload, why);
    if (strncmp(text, expected, strlen(expected)) != 0)
        test_fail(__FILE__, __LINE__, "\"%s\", expected \"%s...\"", text,
                  expected);
    CHECK_SAME(strchr(text, '\n'), text + strlen(text) - 1);
}

TEST(heap_dispatches_by_the_request_alone)
{
    void *small, *large, *aligned;

    start_zalloc();
    small = kmalloc(1024);
    large = kmalloc(1025);
    aligned = kmalloc_aligned(24, 64);
    CHECK(zalloc_owns(small));
    CHECK(!zalloc_owns(large) && malloc_size(large) >= 1025);
    CHECK(!zalloc_owns(aligned) && malloc_size(aligned) >= 24);
    CHECK_EQ((uintptr_t)aligned % 64, 0);
    CHECK(zalloc_owns(kmalloc_aligned(24, 8)));
    CHECK(zalloc_owns(kmalloc_aligned(24, 1)));
    CHECK_EQ(kmalloc_size(small), 1024);
    CHECK_EQ(kfree(small), HEAP_OK);
    CHECK_EQ(kfree(large), HEAP_OK);
    CHECK_EQ(kfree(aligned), HEAP_OK);
    CHECK_SOUND(heap_check());
}

TEST(heap_zero_bytes_is_a_block_of_its_own)
{
    for (size_t i = 0; i < STARTS; i++) {
        void *a, *b;

        starts[i]();
        a = kmalloc(0);
        b = kmalloc(0);
        CHECK(a && b && a != b);
        CHECK_EQ(kfree(a), HEAP_OK);
        CHECK_SAME(krealloc(b, 0), b);
        CHECK(kmalloc_size(b) > 0);
        CHECK_EQ(kfree(b), HEAP_OK);
        CHECK_EQ(heap_stats().usage.used_blocks, 0);
    }
}

TEST(heap_refuses_sizes_beyond_reason)
{
    static const size_t sizes[] = {
        SIZE_MAX,        SIZE_MAX - 1,    SIZE_MAX - 7,     SIZE_MAX - 8,
        SIZE_MAX - 4095, (size_t)1 << 31, HEAP_REQUEST_MAX, REGION_BYTES,
    };
    uint32_t failures = 0;

    for (size_t i = 0; i < STARTS; i++) {
        void *kept;

        starts[i]();
        kept = kmalloc(10);
        memset(kept, 9, 10);
        failures = 0;
        for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
            CHECK_SAME(kmalloc(sizes[j]), NULL);
            CHECK_SAME(kmalloc_aligned(sizes[j], 4096), NULL);
            CHECK_SAME(krealloc(kept, sizes[j]), NULL);
            CHECK_SAME(kcalloc(sizes[j], 1), NULL);
            failures += 4;
        }
        CHECK_SAME(kcalloc(0x10000, 0x10000), NULL);
        CHECK_SAME(kcalloc(SIZE_MAX, SIZE_MAX), NULL);
        CHECK_SAME(kcalloc(0x10001, 0xFFFF + 2), NULL);
        CHECK_EQ(heap_stats().failures, failures + 3);
        CHECK_EQ(heap_stats().usage.used_blocks, 1);
        CHECK_EQ(((uint8_t *)kept)[9], 9);
        CHECK_SOUND(heap_check());
    }
}

TEST(heap_refuses_crooked_alignments)
{
    start_malloc();
    CHECK_SAME(kmalloc_aligned(8, 0), NULL);
    CHECK_SAME(kmalloc_aligned(8, 3), NULL);
    CHECK_SAME(kmalloc_aligned(8, 24), NULL);
    CHECK_SAME(kmalloc_aligned(8, SIZE_MAX), NULL);
    CHECK_EQ(heap_stats().failures, 4);
    CHECK(kmalloc_aligned(8, 2));
    CHECK(kmalloc_aligned(0, 16384));
}

TEST(heap_calloc_clears_what_was_used_before)
{
    for (size_t i = 0; i < STARTS; i++) {
        uint8_t *a;

        starts[i]();
        a = kmalloc(600);
        memset(a, 0xFF, 600);
        kfree(a);
        a = kcalloc(20, 30);
        for (int j = 0; j < 600; j++)
            CHECK_EQ(a[j], 0);
        CHECK(kcalloc(0, 5));
    }
}

TEST(heap_realloc_keeps_the_contents)
{
    static const size_t sizes[] = { 1,    8,    9,    64,  500, 1024, 1025,
                                    5000, 3000, 1000, 100, 7,   2000, 0 };

    for (size_t i = 0; i < STARTS; i++) {
        uint8_t *a = NULL;
        size_t kept = 0;

        starts[i]();
        for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
            void *neighbour =
                kmalloc(16); /* or every resize would be in place */

            a = krealloc(a, sizes[j]);
            CHECK(a);
            CHECK(kmalloc_size(a) >= sizes[j]);
            for (size_t k = 0; k < kept && k < sizes[j]; k++)
                CHECK_EQ(a[k], (uint8_t)(k * 7));
            for (size_t k = 0; k < sizes[j]; k++)
                a[k] = (uint8_t)(k * 7);
            kept = sizes[j];
            CHECK_EQ(kfree(neighbour), HEAP_OK);
            CHECK_SOUND(heap_check());
        }
        CHECK_EQ(heap_stats().usage.used_blocks, 1);
        CHECK_EQ(kfree(a), HEAP_OK);
        CHECK_EQ(heap_stats().usage.used_bytes, 0);
    }
}

/* After the region is memory that the sanitizer watches. */
TEST(heap_realloc_copies_no_more_than_there_was)
{
    void *large, *last;

    start_malloc();
    large = kmalloc(4096);
    while (kmalloc(4096))
        continue;
    while (kmalloc(8))
        continue;
    last = region + REGION_BYTES - 16;
    CHECK_EQ(kmalloc_size(last), 8);
    kfree(large);
    CHECK_SAME(krealloc(last, 4096), large);
}

TEST(heap_realloc_without_room_leaves_the_block)
{
    uint8_t *a;

    start_malloc_in(begin + 4096);
    a = kmalloc(1000);
    CHECK(kmalloc(1000));
    memset(a, 5, 1000);
    CHECK_SAME(krealloc(a, 3000), NULL);
    CHECK_EQ(kmalloc_size(a), 1000);
    for (int i = 0; i < 1000; i++)
        CHECK_EQ(a[i], 5);
    CHECK_EQ(heap_stats().usage.used_blocks, 2);
    CHECK_EQ(heap_stats().failures, 1);
}

TEST(heap_misuse_is_named_with_its_caller)
{
    uint64_t on_stack[4] = { 0 };

    for (size_t i = 0; i < STARTS; i++) {
        uint8_t *a, *b;

        starts[i]();
        printed_text();
        a = kmalloc(64);
        b = kmalloc(64);
        memset(a, 0, 64);
        memset(b, 0, 64);
        CHECK_EQ(kfree(NULL), HEAP_OK);
        CHECK_EQ(kfree(a), HEAP_OK);
        CHECK_TEXT(printed_text(), "");
        CHECK_EQ(kfree(a), HEAP_ALREADY_FREE);
        expect_complaint("kfree", a, "already free (double free?)");
        CHECK_EQ(kfree(b + 16), HEAP_INTERIOR);
        expect_complaint("kfree", b + 16, "inside a block, not at its start");
        CHECK_EQ(kfree(b + 2), HEAP_MISALIGNED);
        expect_complaint("kfree", b + 2, "not aligned as an allocation is");
        CHECK_EQ(kfree(on_stack + 2), HEAP_FOREIGN);
        expect_complaint("kfree", on_stack + 2,
                         "no allocation gave out this address");
        CHECK_EQ(kfree((void *)8), HEAP_FOREIGN);
        expect_complaint("kfree", (void *)8,
                         "no allocation gave out this address");
        CHECK_SAME(krealloc(a, 10), NULL);
        expect_complaint("krealloc", a, "no block in use starts here");
        CHECK_EQ(kmalloc_size(a), 0);
        CHECK_EQ(kmalloc_size(on_stack), 0);
        CHECK_EQ(kmalloc_size(NULL), 0);
        CHECK_EQ(heap_stats().bad_frees, 6);
        CHECK_EQ(heap_stats().frees, 1);
        CHECK_EQ(heap_stats().usage.used_blocks, 1);
        CHECK_SOUND(heap_check());
        CHECK_EQ(kfree(b), HEAP_OK);
    }
}

TEST(heap_refuses_zones_and_stores_themselves)
{
    uintptr_t entry, zone;
    size_t refused = 0;

    start_zalloc();
    entry = (uintptr_t)kmalloc(64);
    zone = align_down(entry, PAGE_BYTES);
    CHECK(kfree((void *)zone) != HEAP_OK);
    CHECK(kfree((void *)(zone + 8)) != HEAP_OK);
    /* Everywhere in the heap but at the one entry. */
    for (uintptr_t at = begin; at < end; at += 8) {
        if (at != entry && at != begin + 8)
            refused += kfree((void *)at) != HEAP_OK;
    }
    CHECK_EQ(refused, REGION_BYTES / 8 - 2);
    CHECK_SOUND(heap_check());
    CHECK_EQ(kfree((void *)entry), HEAP_OK);
}

TEST(heap_counts_what_callers_hold)
{
    struct heap_stats stats;
    void *a, *b;

    start_zalloc();
    CHECK_EQ(heap_stats().usage.used_bytes, 0);
    CHECK_EQ(heap_stats().usage.used_blocks, 0);
    a = kmalloc(40);
    b = kmalloc(2000);
    kfree(a);
    stats = heap_stats();
    CHECK_EQ(stats.usage.used_bytes, 2000);
    CHECK_EQ(stats.usage.peak_bytes, 2064);
    CHECK_EQ(stats.usage.used_blocks, 1);
    kfree(b);
    stats = heap_stats();
    CHECK_EQ(stats.usage.used_bytes, 0);
    CHECK_EQ(stats.allocations, 2);
    CHECK_EQ(stats.frees, 2);
    CHECK_EQ(stats.begin, begin);
    CHECK_EQ(stats.end, end);
    CHECK_TEXT(stats.large, "malloc");
    CHECK_TEXT(stats.small, "zalloc");
    CHECK_EQ(stats.small_limit, 1024);
    start_malloc();
    CHECK_EQ(heap_stats().allocations, 0);
    CHECK_SAME(heap_stats().small, NULL);
}

TEST(heap_small_regions_work_or_are_full)
{
    for (uintptr_t bytes = 0; bytes <= 3 * PAGE_BYTES; bytes += 72) {
        start_zalloc_in(begin + bytes);
        while (kmalloc(8))
            continue;
        while (kmalloc(1500))
            continue;
        CHECK_SOUND(heap_check());
    }
    /* A page for the map, one for a zone, one for its store. */
    start_zalloc_in(begin + 3 * PAGE_BYTES);
    while (kmalloc(8))
        continue;
    CHECK_EQ(heap_stats().usage.used_blocks, 500);
}

/* -- The whole kmalloc layer, compared with the model ---------------------- */

static bool never_in_place(void *payload, size_t bytes)
{
    (void)payload, (void)bytes;
    return false;
}

static const struct heap_backend layer_as_backend = {
    .name = "kmalloc layer",
    .alloc = kmalloc_aligned,
    .free = kfree,
    .resize = never_in_place,
    .size = kmalloc_size,
    .walk = heap_walk,
    .check = heap_check,
};

static void random_run(void (*start)(void))
{
    struct model model = {
        .backend = &layer_as_backend,
        .start = start,
        .reallocate = krealloc,
        .begin = begin,
        .end = end,
        .largest_request = 5000,
        .largest_alignment = 512,
        .steps = 1200,
    };

    model_run(&model, 6);
    CHECK_EQ(heap_stats().usage.used_bytes, 0);
    CHECK_EQ(heap_stats().usage.used_blocks, 0);
    CHECK_EQ(heap_stats().bad_frees, 0);
}

TEST(heap_random_run_over_bump)
{
    random_run(start_bump);
}

TEST(heap_random_run_over_malloc)
{
    random_run(start_malloc);
}

TEST(heap_random_run_over_zones)
{
    random_run(start_zalloc);
}
