/* SPDX-License-Identifier: MIT */
/* Writes to memory that is not in use: to free memory, which costs a rebuild at
 * most, and to the bookkeeping, which the checker must notice. */
#include "harness.h"
#include "model.h"

#include "lib/random.h"
#include "mm/armour/armour.h"
#include "mm/armour/armour_index.h"

#include <string.h>

#define REGION_BYTES (64u * 1024)
#define LIVE_BLOCKS  200u

static _Alignas(4096) uint8_t region[REGION_BYTES];
static struct snapshot before;

static void start(void)
{
    CHECK_EQ(armour_init((uintptr_t)region, (uintptr_t)region + REGION_BYTES),
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

/* -- Stray writes ---------------------------------------------------------- */

static struct random dice;

/* Blocks of all sizes, a third of them freed. */
static void fill_at_random(void *blocks[LIVE_BLOCKS])
{
    for (size_t i = 0; i < LIVE_BLOCKS; i++) {
        size_t limit = i % 8 == 0 ? 1500 : 300;

        blocks[i] = alloc(1 + random_below(&dice, (uint32_t)limit));
    }
    for (size_t i = 0; i < LIVE_BLOCKS; i++) {
        if (blocks[i] && random_below(&dice, 3) == 0) {
            CHECK_EQ(armour_free(blocks[i]), HEAP_OK);
            blocks[i] = NULL;
        }
    }
}

static void damage_free_memory(void)
{
    snapshot_take(&armour_backend, &before);
    for (size_t i = 0; i < before.count; i++) {
        if (before.blocks[i].state == BLOCK_FREE)
            memset((void *)before.blocks[i].address,
                   (int)random_below(&dice, 256), before.blocks[i].bytes);
    }
}

static void replace(void **block)
{
    if (*block)
        CHECK_EQ(armour_free(*block), HEAP_OK);
    *block = alloc(1 + random_below(&dice, 400));
}

/* The blocks are stamped, so that a link written into one would show. */
static void work_on(void *blocks[LIVE_BLOCKS], size_t steps)
{
    while (steps-- > 0) {
        size_t i = random_below(&dice, LIVE_BLOCKS);

        if (blocks[i]) {
            uint8_t *bytes = blocks[i];
            size_t size = armour_size(bytes);

            CHECK(bytes[0] == (uint8_t)i && bytes[size - 1] == (uint8_t)i);
        }
        replace(&blocks[i]);
        if (blocks[i])
            memset(blocks[i], (int)i, armour_size(blocks[i]));
    }
}

static void stamp_all(void *blocks[LIVE_BLOCKS])
{
    for (size_t i = 0; i < LIVE_BLOCKS; i++) {
        if (blocks[i])
            memset(blocks[i], (int)i, armour_size(blocks[i]));
    }
}

TEST(armour_survives_writes_to_free_memory)
{
    static void *blocks[LIVE_BLOCKS];
    uint32_t rebuilds = 0;

    for (uint32_t seed = 1; seed <= 20; seed++) {
        random_seed(&dice, seed);
        start();
        fill_at_random(blocks);
        stamp_all(blocks);
        damage_free_memory();
        work_on(blocks, 10000);
        rebuilds += armour_arena.rebuilds;
        while (armour_arena.rebuilds == 0 && alloc(8))
            ;
        for (size_t i = 0; i < LIVE_BLOCKS; i++) {
            if (blocks[i])
                CHECK_EQ(armour_free(blocks[i]), HEAP_OK);
        }
        printed_text();
    }
    CHECK(rebuilds >= 10);
}

/* Rings that were tied anew hold what they held before: X1 says so. */
TEST(armour_rebuilds_the_same_index)
{
    static void *blocks[LIVE_BLOCKS];

    for (uint32_t seed = 1; seed <= 50; seed++) {
        random_seed(&dice, seed);
        start();
        fill_at_random(blocks);
        CHECK_SOUND(armour_check());
        damage_free_memory();
        expect_violation(&armour_backend, "");
        index_rebuild(&armour_arena, 0);
        CHECK_SOUND(armour_check());
        CHECK(strstr(printed_text(), "was written to; index rebuilt"));
    }
}

static uint32_t sum_of(uintptr_t begin, uintptr_t end)
{
    uint32_t sum = 0;

    for (; begin < end; begin += 4)
        sum = sum * 31 + *(const uint32_t *)begin;
    return sum;
}

/* A million writes to random places outside the bookkeeping; now and then the
 * heap is used.  What is used, and what its length is, never changes by one. */
TEST(armour_keeps_its_maps_from_stray_writes)
{
    static void *blocks[LIVE_BLOCKS];
    const uintptr_t tables_end = (uintptr_t)region;

    random_seed(&dice, 7);
    start();
    fill_at_random(blocks);
    for (size_t i = 0; i < 1000; i++) {
        uint32_t sum = sum_of(tables_end, armour_arena.base);

        for (size_t j = 0; j < 1000; j++) {
            uint32_t words =
                (uint32_t)(armour_arena.end - armour_arena.base) / 4;

            ((uint32_t *)armour_arena.base)[random_below(&dice, words)] =
                random_below(&dice, 2) ? random_next(&dice)
                                       : random_below(&dice, 10000);
        }
        CHECK_EQ(sum_of(tables_end, armour_arena.base), sum);
        for (size_t j = 0; j < 10; j++)
            replace(&blocks[random_below(&dice, LIVE_BLOCKS)]);
        printed_text();
    }
    index_rebuild(&armour_arena, 0);
    CHECK_SOUND(armour_check());
    for (size_t i = 0; i < LIVE_BLOCKS; i++) {
        if (blocks[i])
            release(blocks[i]);
    }
    CHECK_EQ(armour_backend.usage->used_blocks, 0);
    CHECK(alloc((size_t)(armour_arena.end - armour_arena.base)));
    CHECK(armour_arena.rebuilds > 1);
}

/* -- The checker ------------------------------------------------------------
 */

/* No flip of a bit that means something goes unnoticed.  Those of `used` mean
 * something at a start and in the ends of a hole. */
TEST(armour_check_sees_every_flipped_bit)
{
    static void *blocks[LIVE_BLOCKS];
    struct arena *arena = &armour_arena;

    random_seed(&dice, 3);
    start();
    fill_at_random(blocks);
    for (uint32_t bit = 0; bit <= arena->granules; bit++) {
        uint32_t mask = 1u << bit % 32;
        bool means = is_start(arena, bit);

        arena->starts[bit / 32] ^= mask;
        CHECK(!is_sound(armour_check()));
        arena->starts[bit / 32] ^= mask;
        arena->used[bit / 32] ^= mask;
        CHECK(!means || !is_sound(armour_check()));
        arena->used[bit / 32] ^= mask;
    }
    CHECK_SOUND(armour_check());
}

TEST(armour_check_names_what_is_wrong)
{
    struct arena *arena = &armour_arena;
    void *blocks[4];

    start();
    for (int i = 0; i < 4; i++)
        blocks[i] = alloc(64);
    alloc(2000);
    release(blocks[0]);
    arena->usage.used_bytes += 8;
    expect_violation(&armour_backend, "A3");
    arena->usage.used_bytes -= 8;
    arena->recent[8] += 8;
    expect_violation(&armour_backend, "Z1");
    arena->recent[8] -= 8;
    arena->wilderness.end--;
    expect_violation(&armour_backend, "R2");
    arena->wilderness.end++;
    arena->used[arena->wilderness.begin / 32 + 1]++;
    expect_violation(&armour_backend, "M2");
    arena->used[arena->wilderness.begin / 32 + 1]--;
    arena->class_bits[0] ^= 4;
    expect_violation(&armour_backend, "X2");
    arena->class_bits[0] ^= 4;
    CHECK_SOUND(armour_check());
}
