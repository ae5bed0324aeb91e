/* SPDX-License-Identifier: MIT */
/* Armour: blocks, limits, wrong frees, and its checker. */
#include "harness.h"
#include "model.h"

#include "mm/armour/armour.h"
#include "mm/armour/armour_runs.h"

#define REGION_BYTES (64u * 1024)

static _Alignas(4096) uint8_t region[REGION_BYTES];
static struct snapshot after;
static size_t region_bytes = REGION_BYTES;

static void start(void)
{
    CHECK_EQ(armour_init((uintptr_t)region, (uintptr_t)region + region_bytes),
             STAGE_OK);
    CHECK_SOUND(armour_check());
}

static void *alloc(size_t bytes)
{
    return armour_alloc(bytes, HEAP_ALIGNMENT);
}

static void release(void *payload)
{
    CHECK_EQ(armour_free(payload), HEAP_OK);
    CHECK_SOUND(armour_check());
}

static size_t payload_bytes(void)
{
    return (size_t)(armour_arena.end - armour_arena.base);
}

/* Nothing in use, and one piece after the bookkeeping: nothing leaked. */
static void expect_empty(void)
{
    snapshot_take(&armour_backend, &after);
    CHECK_EQ(after.count, 2);
    CHECK_EQ(after.blocks[0].state, BLOCK_BOOKKEEPING);
    CHECK_EQ(after.blocks[1].state, BLOCK_FREE);
    CHECK_EQ(after.blocks[1].bytes, payload_bytes());
    CHECK_EQ(armour_usage().used_bytes, 0);
    CHECK_EQ(armour_usage().used_blocks, 0);
    CHECK_SOUND(armour_check());
}

/* -- Behaviour ------------------------------------------------------------- */

TEST(armour_rounds_to_granules)
{
    void *a, *b;

    start();
    a = alloc(1);
    b = alloc(20);
    CHECK_EQ(armour_size(a), 8);
    CHECK_EQ(armour_size(b), 24);
    CHECK_EQ(armour_usage().used_bytes, 32);
    CHECK_EQ(armour_usage().used_blocks, 2);
    release(a);
    CHECK_EQ(armour_size(a), 0);
    release(b);
    CHECK_EQ(armour_usage().peak_bytes, 32);
    expect_empty();
}

static uint32_t class_number(uint32_t length)
{
    return class_of((granules_t){ length }).number;
}

/* So all runs of a higher class are longer, and the search needs no more. */
TEST(armour_classes_rise_without_a_gap)
{
    for (uint32_t length = 1; length < 1u << 20; length++)
        CHECK(class_number(length + 1) - class_number(length) <= 1);
    for (uint32_t length = 1u << 20; length < 1u << 29; length *= 2)
        CHECK(class_number(length) - class_number(length - 1) == 1);
    CHECK_EQ(class_number(1), 1);
    CHECK(class_number(1u << 29) < CLASS_WORDS * WORD_BITS);
}

TEST(armour_gives_a_recent_block_again)
{
    void *a, *b;

    start();
    a = alloc(100);
    b = alloc(100);
    release(a);
    CHECK_SAME(alloc(97), a);
    release(b);
    CHECK_SAME(alloc(104), b);
}

TEST(armour_hands_out_all_of_it)
{
    start();
    CHECK(alloc(payload_bytes()));
    expect_no_room(&armour_backend, 1, HEAP_ALIGNMENT);
    start();
    for (size_t i = 0; i < payload_bytes() / 8; i++)
        CHECK(alloc(8));
    expect_no_room(&armour_backend, 1, HEAP_ALIGNMENT);
}

TEST(armour_empties_caches_before_it_fails)
{
    static void *blocks[REGION_BYTES / 8];
    size_t count = 0;

    start();
    for (size_t bytes = 8; (blocks[count] = alloc(bytes)); count++)
        bytes = bytes % 248 + 8;
    for (size_t i = 0; i < count; i++)
        release(blocks[i]);
    CHECK(alloc(payload_bytes()));
}

TEST(armour_refuses_what_cannot_fit)
{
    start();
    expect_no_room(&armour_backend, payload_bytes() + 1, HEAP_ALIGNMENT);
    expect_no_room(&armour_backend, HEAP_REQUEST_MAX, HEAP_ALIGNMENT);
    expect_no_room(&armour_backend, HEAP_REQUEST_MAX, 1u << 31);
    expect_no_room(&armour_backend, 8, 1u << 31);
    CHECK(alloc(8));
}

/* Blocks around the length at which a hole appears, side by side, freed in
 * each of the six orders. */
TEST(armour_merges_at_every_border)
{
    static const uint8_t orders[6][3] = {
        { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
        { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 }
    };

    for (size_t granules = 30; granules <= 98; granules++) {
        for (size_t order = 0; order < 6; order++) {
            void *blocks[3];

            start();
            alloc(8 * (order + 1));
            for (int i = 0; i < 3; i++)
                blocks[i] = alloc(granules * 8 + (size_t)i * 8);
            CHECK_SOUND(armour_check());
            for (int i = 0; i < 3; i++)
                release(blocks[orders[order][i]]);
            CHECK(alloc(granules * 24 + 24));
        }
    }
}

TEST(armour_aligns)
{
    for (size_t alignment = 8; alignment <= 4096; alignment *= 2) {
        void *blocks[3];

        start();
        for (size_t i = 0; i < 3; i++) {
            blocks[i] = armour_alloc(40 + i * 200, alignment);
            CHECK(blocks[i]);
            CHECK_EQ((uintptr_t)blocks[i] % alignment, 0);
            CHECK_EQ(armour_size(blocks[i]), 40 + i * 200);
            CHECK_SOUND(armour_check());
        }
        CHECK_EQ(armour_usage().peak_bytes, 3 * 40 + 600);
        for (size_t i = 0; i < 3; i++)
            release(blocks[i]);
        expect_empty();
    }
}

TEST(armour_resizes_in_place)
{
    uint8_t *block;

    start();
    block = alloc(400);
    CHECK(armour_resize(block, 9));
    CHECK_EQ(armour_size(block), 16);
    CHECK_SOUND(armour_check());
    CHECK(armour_resize(block, 360));
    CHECK_EQ(armour_size(block), 360);
    CHECK_SOUND(armour_check());
    CHECK(armour_resize(block, 354));
    CHECK_EQ(armour_size(block), 360);
    CHECK(!armour_resize(block, payload_bytes() + 1));
    CHECK(!armour_resize(block, HEAP_REQUEST_MAX));
    release(block);
    expect_empty();
}

/* A block that had to move is put where it can grow from then on. */
TEST(armour_lets_grow_what_grew_before)
{
    uint8_t *first, *moved;

    start();
    first = alloc(1000);
    CHECK(!armour_resize(first, 2000));
    moved = armour_alloc_growing(2000);
    release(first);
    for (size_t bytes = 3000; bytes < 50000; bytes += 1000) {
        CHECK(armour_resize(moved, bytes));
        CHECK_SOUND(armour_check());
    }
}

TEST(armour_lives_in_any_region)
{
    for (size_t bytes = 0; bytes < 5000; bytes += bytes < 300 ? 1 : 37) {
        uintptr_t begin = (uintptr_t)region + bytes % 16;
        size_t handed_out = 0;

        armour_init(begin, begin + bytes);
        CHECK_SOUND(armour_check());
        while (alloc(8))
            handed_out += 8;
        CHECK_SOUND(armour_check());
        CHECK_EQ(handed_out, payload_bytes());
        CHECK(bytes < 2048 || handed_out > bytes / 2);
        CHECK(handed_out == 0 || armour_arena.begin >= begin);
        CHECK(handed_out == 0 || armour_arena.end <= begin + bytes);
    }
}

/* -- Misuse ---------------------------------------------------------------- */

TEST(armour_names_bad_frees)
{
    uint8_t *small, *large;

    start();
    small = alloc(24);
    large = alloc(2000);
    expect_refused(&armour_backend, small + 4, HEAP_MISALIGNED);
    expect_refused(&armour_backend, small + 8, HEAP_INTERIOR);
    expect_refused(&armour_backend, large + 8, HEAP_INTERIOR);
    expect_refused(&armour_backend, large + 1000, HEAP_INTERIOR);
    expect_refused(&armour_backend, region, HEAP_FOREIGN);
    expect_refused(&armour_backend, (void *)((uintptr_t)region - 8),
                   HEAP_FOREIGN);
    expect_refused(&armour_backend, region + REGION_BYTES, HEAP_FOREIGN);
    expect_refused(&armour_backend, (void *)~(uintptr_t)7, HEAP_FOREIGN);
    expect_refused(&armour_backend, (void *)armour_arena.base - 8,
                   HEAP_FOREIGN);
    release(small);
    release(large);
    expect_refused(&armour_backend, small, HEAP_ALREADY_FREE);
    expect_refused(&armour_backend, large, HEAP_ALREADY_FREE);
    expect_refused(&armour_backend, large + 8, HEAP_ALREADY_FREE);
}

/* Wherever a freed block has got to: cache, run, batch. */
TEST(armour_names_every_later_free)
{
    static uint8_t *blocks[400];

    for (size_t bytes = 8; bytes <= 264; bytes += 8) {
        size_t count = 50000 / bytes < 400 ? 50000 / bytes : 400;

        start();
        for (size_t i = 0; i < count; i++)
            blocks[i] = alloc(bytes);
        for (size_t i = 0; i < count; i += 3)
            release(blocks[i]);
        for (size_t i = 1; i < count; i += 3)
            release(blocks[i]);
        for (size_t i = 0; i < count; i++) {
            if (i % 3 != 2)
                CHECK_EQ(armour_free(blocks[i]), HEAP_ALREADY_FREE);
        }
        for (size_t i = 2; i < count; i += 3)
            release(blocks[i]);
        expect_empty();
    }
}

/* -- Against the model ------------------------------------------------------
 */

static void run_model(size_t bytes, size_t largest, unsigned seeds)
{
    const struct model model = {
        .backend = &armour_backend,
        .start = start,
        .begin = (uintptr_t)region,
        .end = (uintptr_t)region + bytes,
        .largest_request = largest,
        .largest_alignment = 256,
        .steps = 3000,
    };

    region_bytes = bytes;
    model_run(&model, seeds);
    region_bytes = REGION_BYTES;
}

TEST(armour_behaves_as_the_model)
{
    run_model(REGION_BYTES, 3000, 4);
}

TEST(armour_behaves_in_a_small_region)
{
    run_model(4 * 1024, 700, 24);
    run_model(1500, 300, 12);
}
