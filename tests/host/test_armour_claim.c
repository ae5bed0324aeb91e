/* SPDX-License-Identifier: MIT */
/* A1: no write through a payload pointer changes an answer of the allocator.
 *
 * Two arenas run the same random operations.  Before each operation every byte
 * of the first that is not bookkeeping, used or free, is overwritten by what an
 * attacker would choose: what was there a while ago, granule numbers, addresses
 * of blocks, lengths, bytes of the maps, zeros, ones.  The second arena is left
 * alone.  All answers must agree: pointers (as distances from the begin),
 * errors, sizes, counts, walks.
 */
#include "harness.h"
#include "model.h"

#include "lib/random.h"
#include "mm/armour/armour_runs.h"

#include <string.h>

#define REGION_BYTES 32768u
#define LIVE_BLOCKS  120u

struct twin {
    struct arena arena;
    uint8_t *region;
    uintptr_t
        live[LIVE_BLOCKS]; /* distances from the region's begin; 0: none */
};

/* Both at a multiple of the largest alignment that is asked for. */
static _Alignas(4096) uint8_t regions[2][REGION_BYTES];
static uint8_t earlier[REGION_BYTES];
static struct twin disturbed, undisturbed;
static struct random dice;

static void twin_start(struct twin *twin, uint8_t *region, size_t bytes)
{
    memset(twin, 0, sizeof *twin);
    twin->region = region;
    arena_init(&twin->arena, (uintptr_t)region, (uintptr_t)region + bytes);
}

static void twins_start(size_t bytes)
{
    twin_start(&disturbed, regions[0], bytes);
    twin_start(&undisturbed, regions[1], bytes);
}

/* -- The attacker ---------------------------------------------------------- */

enum {
    ZEROS,
    ONES,
    EARLIER,
    GRANULE_NUMBERS,
    ADDRESSES,
    LENGTHS,
    MAPS,
    NOISE,
    KINDS
};

static uint32_t interesting(uint32_t kind, uint32_t word)
{
    const struct arena *arena = &disturbed.arena;
    granule_t any = { random_below(&dice, arena->length.count) };

    switch (kind) {
    case ONES:
        return ~0u;
    case EARLIER:
        return ((const uint32_t *)earlier)[word];
    case GRANULE_NUMBERS:
        return any.number;
    case ADDRESSES:
        return (uint32_t)address_of(arena, any);
    case LENGTHS:
        return random_below(&dice, 64) * (random_below(&dice, 2) ? 8 : 1);
    case MAPS:
        return arena->starts[word % (arena->length.count / WORD_BITS + 1)];
    case NOISE:
        return random_next(&dice);
    default:
        return 0;
    }
}

/* Every byte of the arena that is not bookkeeping. */
static void disturb(uint32_t kind)
{
    uint32_t *words = (uint32_t *)disturbed.region;
    uint32_t first =
        (uint32_t)(disturbed.arena.base - (uintptr_t)disturbed.region) / 4;
    uint32_t end =
        (uint32_t)(disturbed.arena.end - (uintptr_t)disturbed.region) / 4;

    if (random_below(&dice, 16) == 0)
        memcpy(earlier, disturbed.region, sizeof earlier);
    for (uint32_t word = first; word < end; word++)
        words[word] = interesting(
            kind == KINDS ? random_below(&dice, KINDS) : kind, word);
}

/* -- One operation on both ------------------------------------------------- */

struct operation {
    enum {
        ALLOC,
        GROWING,
        FREE,
        RESIZE,
        SIZE,
        SWEEP
    } kind;
    uint32_t index;
    size_t bytes, alignment;
    intptr_t slip; /* of a pointer that is not a block's */
};

static uintptr_t allocate(struct twin *twin, const struct operation *operation)
{
    struct arena *arena = &twin->arena;
    void *payload;

    if (operation->kind == GROWING)
        payload = arena_alloc_growing(arena, operation->bytes);
    else
        payload =
            arena_alloc_aligned(arena, operation->bytes, operation->alignment);
    if (!payload)
        payload =
            arena_alloc_swept(arena, operation->bytes, operation->alignment);
    return payload ? (uintptr_t)payload - (uintptr_t)twin->region : 0;
}

static uintptr_t answer(struct twin *twin, const struct operation *operation)
{
    uintptr_t *live = &twin->live[operation->index];
    uintptr_t address =
        (uintptr_t)twin->region + *live + (uintptr_t)operation->slip;
    enum heap_error error;

    switch (operation->kind) {
    case ALLOC:
    case GROWING:
        if (*live != 0)
            return 0;
        *live = allocate(twin, operation);
        return *live;
    case FREE:
        error = arena_free(&twin->arena, address);
        if (operation->slip == 0 && error == HEAP_OK)
            *live = 0;
        return error;
    case RESIZE:
        return arena_resize(&twin->arena, address, operation->bytes);
    case SIZE:
        return arena_size(&twin->arena, address);
    case SWEEP:
        arena_sweep(&twin->arena);
        return 0;
    }
    return 0;
}

static struct operation choose(void)
{
    uint32_t choice = random_below(&dice, 32);
    uint32_t largest = random_below(&dice, 3) == 0 ? 1200 : 80;
    struct operation operation = {
        .index = random_below(&dice, LIVE_BLOCKS),
        .bytes = 1 + random_below(&dice, largest),
        .alignment = random_below(&dice, 12) ? 8 : 8u << random_below(&dice, 8),
    };

    operation.kind = choice < 14   ? ALLOC
                     : choice < 15 ? GROWING
                     : choice < 26 ? FREE
                     : choice < 29 ? RESIZE
                                   : SIZE;
    if (random_below(&dice, 1000) == 0)
        operation.kind = SWEEP;
    if (operation.kind == FREE && random_below(&dice, 8) == 0)
        operation.slip = (intptr_t)random_below(&dice, 400) - 200;
    if (operation.kind == GROWING)
        operation.alignment = 8;
    return operation;
}

/* -- What must agree ------------------------------------------------------- */

static struct snapshot shots[2];
static struct snapshot *shot;
static uintptr_t shot_begin;

static bool add_block(const struct block *block, void *context)
{
    struct block *copy = &shot->blocks[shot->count++];

    (void)context;
    *copy = *block;
    copy->address -= shot_begin;
    return true;
}

static void take(struct snapshot *into, const struct twin *twin)
{
    shot = into;
    shot_begin = (uintptr_t)twin->region;
    shot->count = 0;
    CHECK(arena_walk(&twin->arena, add_block, NULL));
}

static void expect_twins(void)
{
    struct heap_usage a = arena_usage(&disturbed.arena);
    struct heap_usage b = arena_usage(&undisturbed.arena);

    CHECK(memcmp(&a, &b, sizeof a) == 0);
    CHECK_SOUND(arena_check(&disturbed.arena));
    CHECK_SOUND(arena_check(&undisturbed.arena));
    take(&shots[0], &disturbed);
    take(&shots[1], &undisturbed);
    CHECK(snapshot_equal(&shots[0], &shots[1]));
    CHECK_EQ(memcmp(regions[0], regions[1],
                    disturbed.arena.base - (uintptr_t)regions[0]),
             0);
}

static void run_twins(uint32_t seed, size_t bytes, uint32_t kind)
{
    random_seed(&dice, seed);
    twins_start(bytes);
    for (uint32_t step = 0; step < 800; step++) {
        struct operation operation = choose();

        disturb(kind);
        CHECK_EQ(answer(&disturbed, &operation),
                 answer(&undisturbed, &operation));
        if (step % 16 == 0)
            expect_twins();
    }
    expect_twins();
}

TEST(armour_never_reads_a_payload)
{
    uint32_t seed = test_seed(0);

    for (uint32_t kind = 0; kind <= KINDS; kind++) {
        run_twins(seed + kind + 1, 8192, kind);
        run_twins(seed + kind + 100, REGION_BYTES - kind * 8, kind);
    }
}

/* -- Three attacks on an allocator with links in its free memory ----------- */

/* Live blocks with those of `sizes` between them. */
static void lay_out(uintptr_t blocks[4], const size_t sizes[4])
{
    twins_start(REGION_BYTES);
    for (uint32_t i = 0; i < 4; i++) {
        for (int fence = 0; fence < 4; fence++) {
            struct operation live = { ALLOC, 20 + 4 * i + (uint32_t)fence, 300,
                                      8, 0 };
            struct operation block = { ALLOC, i, sizes[i], 8, 0 };

            CHECK_EQ(answer(&disturbed, &live), answer(&undisturbed, &live));
            if (fence == 1)
                CHECK_EQ(answer(&disturbed, &block),
                         answer(&undisturbed, &block));
        }
        blocks[i] = disturbed.live[i];
    }
}

static void free_block(uint32_t index)
{
    struct operation operation = { FREE, index, 0, 8, 0 };

    CHECK_EQ(answer(&disturbed, &operation), HEAP_OK);
    CHECK_EQ(answer(&undisturbed, &operation), HEAP_OK);
}

/* Word 0 or 1 of a freed block, where a list would have its links. */
static void forge(uintptr_t block, uint32_t word, uint32_t value)
{
    ((uint32_t *)(disturbed.region + block))[word] = value;
}

static uint32_t number_of(uintptr_t block)
{
    return armour_granule_at(&disturbed.arena,
                             (uintptr_t)disturbed.region + block)
        .number;
}

/* Blocks of 240 bytes until there are none: the same ones in both. */
static void expect_same_blocks(void)
{
    for (uint32_t i = 60; i < LIVE_BLOCKS; i++) {
        struct operation operation = { ALLOC, i, 240, 8, 0 };
        uintptr_t found = answer(&disturbed, &operation);

        CHECK_EQ(found, answer(&undisturbed, &operation));
        for (uint32_t j = 0; found != 0 && j < i; j++)
            CHECK(disturbed.live[j] != found);
    }
    expect_twins();
}

TEST(armour_forged_links_of_two_freed_blocks)
{
    static const size_t sizes[] = { 240, 240, 240, 240 };
    uintptr_t blocks[4];

    lay_out(blocks, sizes);
    for (uint32_t i = 0; i < 4; i++)
        free_block(i);
    for (uint32_t word = 0; word < 2; word++) {
        forge(blocks[0], word, number_of(blocks[1]));
        forge(blocks[1], word, number_of(blocks[0]));
    }
    expect_same_blocks();
}

/* Two aimed writes that once made an allocation of 240 bytes return 208. */
TEST(armour_links_forged_to_a_shorter_block)
{
    static const size_t sizes[] = { 240, 240, 208, 208 };
    uintptr_t blocks[4];

    lay_out(blocks, sizes);
    for (uint32_t i = 0; i < 4; i++)
        free_block(i);
    forge(blocks[0], 0, number_of(blocks[2]));
    forge(blocks[2], 1, number_of(blocks[0]));
    expect_same_blocks();
}

/* Each word of a freed block put back to what it was when freed, later. */
TEST(armour_old_values_put_back)
{
    static const size_t sizes[] = { 240, 240, 240, 240 };
    uint32_t old[4][2];
    uintptr_t blocks[4];

    lay_out(blocks, sizes);
    for (uint32_t i = 0; i < 4; i++) {
        free_block(i);
        memcpy(old[i], disturbed.region + blocks[i], sizeof old[i]);
    }
    for (uint32_t i = 0; i < 4; i++) {
        struct operation operation = { ALLOC, i, 240, 8, 0 };

        CHECK_EQ(answer(&disturbed, &operation),
                 answer(&undisturbed, &operation));
        for (uint32_t word = 0; word < 2; word++)
            forge(blocks[i], word, old[i][word]);
    }
    expect_same_blocks();
}
