/* SPDX-License-Identifier: MIT */
/* The checker of an arena notices damage to the bookkeeping, and names it. */
#include "harness.h"
#include "model.h"

#include "lib/random.h"
#include "mm/armour/armour_runs.h"

#define REGION_BYTES 32768u

static _Alignas(4096) uint8_t region[REGION_BYTES];
static struct random dice;

static struct arena *filled(void)
{
    random_seed(&dice, 3);
    CHECK_EQ(armour_init((uintptr_t)region, (uintptr_t)region + REGION_BYTES),
             STAGE_OK);
    for (uint32_t i = 0; i < 60; i++) {
        void *block = armour_alloc(1 + random_below(&dice, 600), 8);

        if (block && random_below(&dice, 3) == 0)
            CHECK_EQ(armour_free(block), HEAP_OK);
    }
    CHECK_SOUND(armour_check());
    return &armour_arena;
}

/* Whether a run's length is not in the maps. */
static bool is_apart(const struct arena *arena, uint32_t start)
{
    return start == arena->last_freed.begin.number ||
           start == arena->wilderness.begin.number;
}

/* No flip of a bit that means something goes unnoticed.  Those of `used` mean
 * something at a start. */
TEST(armour_check_sees_every_flipped_bit)
{
    struct arena *arena = filled();

    arena_sweep(arena); /* no seams: no two runs may touch */
    CHECK_SOUND(armour_check());
    for (uint32_t bit = 0; bit <= arena->length.count; bit++) {
        uint32_t mask = 1u << bit % 32;
        bool means = is_start(arena, (granule_t){ bit });

        arena->starts[bit / 32] ^= mask;
        CHECK(!is_sound(armour_check()) || is_apart(arena, bit));
        arena->starts[bit / 32] ^= mask;
        arena->used[bit / 32] ^= mask;
        CHECK(!means || !is_sound(armour_check()));
        arena->used[bit / 32] ^= mask;
    }
    CHECK_SOUND(armour_check());
}

static void expect_named(const char *name)
{
    expect_violation(&armour_backend, name);
}

TEST(armour_check_names_what_is_wrong)
{
    struct arena *arena = filled();
    struct hints *hints = arena->hints, saved;
    uint32_t cached = 1, hinted;

    while (is_none(hints->lowest))
        hints++;
    hinted = (uint32_t)(hints - arena->hints);
    saved = *hints;
    while (is_none(arena->caches[cached].newest))
        cached++;
    arena->below_peak += 8;
    expect_named("A3");
    arena->below_peak -= 8;
    arena->allocations++;
    expect_named("A3");
    arena->allocations--;
    arena->caches[cached].newest.number++;
    expect_named("Z1");
    arena->caches[cached].newest.number--;
    arena->wilderness.end.number--;
    expect_named("R2");
    arena->wilderness.end.number++;
    arena->class_bits[hinted / 32] ^= 1u << hinted % 32;
    expect_named("H3");
    arena->class_bits[hinted / 32] ^= 1u << hinted % 32;
    hints->lowest.number = arena->length.count;
    expect_named("H1");
    *hints = (struct hints){ saved.lowest, saved.lowest };
    expect_named("H2");
    *hints = saved;
    CHECK_SOUND(armour_check());
}
