/* SPDX-License-Identifier: MIT */
/* The list allocator, and its checker. */
#include "harness.h"
#include "model.h"

#include "mm/malloc/malloc.h"
#include "mm/malloc/malloc_block.h"

#include <string.h>

#define REGION_BYTES (64u * 1024)
/* The most that one block can hold: all but its header and the end mark. */
#define ALL_BYTES (REGION_BYTES - 16u)

static _Alignas(4096) uint8_t region[REGION_BYTES];
static struct snapshot before, after;

static void start(void)
{
    CHECK_EQ(malloc_init((uintptr_t)region, (uintptr_t)region + REGION_BYTES),
             STAGE_OK);
}

static void *alloc(size_t bytes)
{
    return malloc_alloc(bytes, HEAP_ALIGNMENT);
}

static void release(void *payload)
{
    CHECK_EQ(malloc_free(payload), HEAP_OK);
    CHECK_SOUND(malloc_check());
}

/* All free again, and in one piece: nothing leaked, everything coalesced. */
static void expect_empty(void)
{
    snapshot_take(&malloc_backend, &after);
    CHECK_EQ(after.count, 1);
    CHECK_EQ(after.blocks[0].state, BLOCK_FREE);
    CHECK_EQ(after.blocks[0].bytes, ALL_BYTES);
    CHECK_EQ(malloc_backend.usage->used_bytes, 0);
    CHECK_EQ(malloc_backend.usage->used_blocks, 0);
    CHECK_SOUND(malloc_check());
}

TEST(malloc_splits_from_the_front)
{
    uint8_t *a, *b;

    start();
    a = alloc(1);
    b = alloc(20);
    CHECK_SAME(a, region + 8);
    CHECK_SAME(b, a + 16);
    CHECK_EQ(malloc_size(a), 8);
    CHECK_EQ(malloc_size(b), 24);
    CHECK_EQ(malloc_backend.usage->used_bytes, 32);
    CHECK_SOUND(malloc_check());
}

TEST(malloc_takes_the_first_fit)
{
    uint8_t *a, *b, *c;

    start();
    a = alloc(200);
    alloc(8);
    b = alloc(100);
    alloc(8);
    c = alloc(300);
    alloc(8);
    release(c);
    release(a);
    release(b);
    CHECK_SAME(alloc(100), a);
    CHECK_SAME(alloc(250), c);
    CHECK_SOUND(malloc_check());
}

TEST(malloc_exact_fit_leaves_no_rest)
{
    uint8_t *a;

    start();
    a = alloc(104);
    alloc(8);
    release(a);
    CHECK_SAME(alloc(104), a);
    CHECK_EQ(malloc_size(a), 104);
    release(a);
    /* 8 bytes less leave a rest too small for a block: it stays with a. */
    CHECK_SAME(alloc(96), a);
    CHECK_EQ(malloc_size(a), 104);
    release(a);
    /* 16 bytes less leave the smallest block. */
    CHECK_SAME(alloc(88), a);
    CHECK_EQ(malloc_size(a), 88);
    CHECK_SAME(alloc(8), a + 96);
    CHECK_SOUND(malloc_check());
}

TEST(malloc_serves_the_last_block)
{
    void *a;

    start();
    a = alloc(ALL_BYTES);
    CHECK(a);
    expect_no_room(&malloc_backend, 1, 8);
    release(a);
    expect_empty();
    expect_no_room(&malloc_backend, ALL_BYTES + 1, 8);
    a = alloc(ALL_BYTES - 16);
    CHECK_SAME(alloc(8), region + REGION_BYTES - 16);
    expect_no_room(&malloc_backend, 1, 8);
    release(a);
    release(region + REGION_BYTES - 16);
    expect_empty();
}

TEST(malloc_coalesces_in_every_order)
{
    static const int orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                      { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

    for (int i = 0; i < 6; i++) {
        void *blocks[3];

        start();
        for (int j = 0; j < 3; j++)
            blocks[j] = alloc(40);
        for (int j = 0; j < 3; j++)
            release(blocks[orders[i][j]]);
        expect_empty();
    }
}

TEST(malloc_coalesces_between_used_blocks)
{
    void *neighbour, *a, *b, *c;

    start();
    neighbour = alloc(8);
    a = alloc(40);
    b = alloc(40);
    c = alloc(40);
    alloc(8);
    release(a);
    release(c);
    release(b);
    snapshot_take(&malloc_backend, &after);
    CHECK_EQ(after.count, 4);
    CHECK_EQ(after.blocks[1].bytes, 3 * 48 - 8);
    CHECK_SAME(alloc(3 * 48 - 8), a);
    release(neighbour);
}

TEST(malloc_refuses_huge_requests)
{
    start();
    for (size_t less = 0; less < 40; less++)
        expect_no_room(&malloc_backend, SIZE_MAX - less, 8);
    expect_no_room(&malloc_backend, HEAP_REQUEST_MAX, 8);
    expect_no_room(&malloc_backend, HEAP_REQUEST_MAX, 1u << 31);
    expect_no_room(&malloc_backend, REGION_BYTES, 8);
    expect_no_room(&malloc_backend, 8, 1u << 31);
    expect_no_room(&malloc_backend, 8, 1u << 30);
}

TEST(malloc_aligns_without_leaking_the_padding)
{
    for (size_t alignment = 8; alignment <= 32768; alignment *= 2) {
        for (size_t in_front = 0; in_front < 40; in_front += 8) {
            uintptr_t payload;
            void *shift;

            start();
            shift = in_front ? alloc(in_front) : NULL;
            payload = (uintptr_t)malloc_alloc(24, alignment);
            CHECK(payload != 0);
            CHECK_EQ(payload % alignment, 0);
            CHECK_SOUND(malloc_check());
            CHECK_EQ(malloc_size((void *)payload), 24);
            release((void *)payload);
            if (shift)
                release(shift);
            expect_empty();
        }
    }
}

TEST(malloc_padding_is_used_by_others)
{
    uintptr_t page;

    start();
    page = (uintptr_t)malloc_alloc(4096 - 8, 4096);
    CHECK_EQ(page, (uintptr_t)region + 4096);
    CHECK_SAME(alloc(4096 - 16), region + 8);
    /* Pages less one header lie page against page. */
    CHECK_SAME(malloc_alloc(4096 - 8, 4096), page + 4096);
    CHECK_SOUND(malloc_check());
}

TEST(malloc_aligned_exact_fit)
{
    uint8_t *a;

    start();
    a = malloc_alloc(4096, 4096);
    alloc(8);
    release(a);
    alloc(4096 - 32); /* up to a smallest block before a's header */
    CHECK_SAME(malloc_alloc(4096, 4096), a);
    CHECK_SOUND(malloc_check());
}

TEST(malloc_resize_grows_into_a_free_neighbour)
{
    uint8_t *a, *b, *c;

    start();
    a = alloc(40);
    b = alloc(40);
    c = alloc(40);
    memset(a, 7, 40);
    CHECK(!malloc_resize(a, 48));
    release(b);
    CHECK(malloc_resize(a, 41));
    CHECK_EQ(malloc_size(a), 48);
    CHECK_SOUND(malloc_check());
    CHECK(malloc_resize(a, 88));
    CHECK_EQ(malloc_size(a), 88);
    CHECK_SOUND(malloc_check());
    for (int i = 0; i < 40; i++)
        CHECK_EQ(a[i], 7);
    snapshot_take(&malloc_backend, &before);
    CHECK(!malloc_resize(a, 89));
    snapshot_take(&malloc_backend, &after);
    CHECK(snapshot_equal(&before, &after));
    CHECK(malloc_resize(c, ALL_BYTES - 96));
    expect_no_room(&malloc_backend, 1, 8);
    CHECK_EQ(malloc_backend.usage->used_bytes, ALL_BYTES - 8);
    CHECK_EQ(malloc_backend.usage->peak_bytes, ALL_BYTES - 8);
    CHECK(!malloc_resize(c, SIZE_MAX));
    CHECK(!malloc_resize(c, SIZE_MAX - 7));
    CHECK_SOUND(malloc_check());
}

TEST(malloc_resize_gives_the_end_back)
{
    uint8_t *a, *b;

    start();
    a = alloc(100);
    b = alloc(100);
    CHECK(malloc_resize(a, 100));
    CHECK(malloc_resize(a, 89)); /* 8 bytes less are not block */
    CHECK_EQ(malloc_size(a), 104);
    CHECK(malloc_resize(a, 50));
    CHECK_EQ(malloc_size(a), 56);
    CHECK_SOUND(malloc_check());
    CHECK_SAME(alloc(40), a + 64);
    CHECK(malloc_resize(b, 89)); /* 8 bytes less, but free memory follows */
    CHECK_EQ(malloc_size(b), 96);
    CHECK_SOUND(malloc_check());
    release(b);
    release(a + 64);
    release(a);
    expect_empty();
}

TEST(malloc_copes_with_tiny_and_crooked_regions)
{
    uintptr_t at = (uintptr_t)region;

    for (size_t bytes = 0; bytes < 400; bytes++) {
        for (size_t offset = 0; offset < 8; offset++) {
            malloc_init(at + offset, at + offset + bytes);
            CHECK_SOUND(malloc_check());
            while (alloc(1))
                CHECK_SOUND(malloc_check());
            expect_no_room(&malloc_backend, 1, 8);
        }
    }
    malloc_init(at, at + 24);
    CHECK_SAME(alloc(8), at + 8);
    malloc_init(at, at + 23);
    expect_no_room(&malloc_backend, 1, 8);
    malloc_init(at + 64, at);
    expect_no_room(&malloc_backend, 1, 8);
    expect_refused(&malloc_backend, (void *)(at + 64), HEAP_FOREIGN);
}

static void random_run(size_t bytes, size_t largest)
{
    struct model model = {
        .backend = &malloc_backend,
        .start = start,
        .begin = (uintptr_t)region,
        .end = (uintptr_t)region + bytes,
        .largest_request = largest,
        .largest_alignment = 1024,
        .steps = 2000,
    };

    model_run(&model, 12);
}

TEST(malloc_random_run_keeps_its_promises)
{
    random_run(REGION_BYTES, 2000);
}

TEST(malloc_random_run_that_runs_out_of_memory)
{
    random_run(REGION_BYTES, REGION_BYTES / 4);
}

TEST(malloc_random_run_leaves_one_free_block)
{
    random_run(REGION_BYTES, 300);
    expect_empty();
}
