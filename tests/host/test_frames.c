/* SPDX-License-Identifier: MIT */
/* Frames, against a model with one byte a frame and no cleverness at all. */
#include "harness.h"

#include "lib/bitmap.h"
#include "lib/random.h"
#include "mm/frames.h"
#include "mm/frames_private.h"

#include <string.h>

#define KIB          1024ull
#define MIB          (1024 * KIB)
#define GIB          (1024 * MIB)
#define PLAY_BYTES   (8 * MIB)
#define PLAY_FRAMES  (PLAY_BYTES / PAGE_BYTES)
#define MOST_REGIONS 6

/* The layout in force.  Static, because frames.c keeps a pointer to it. */
static struct region available[MOST_REGIONS], in_use[MOST_REGIONS];
static struct memory_layout layout;

static void layout_begin(uint64_t reach)
{
    layout = (struct memory_layout){ available, 0, in_use, 0, reach };
}

static void add_available(uint64_t begin, uint64_t end)
{
    available[layout.available_count++] =
        (struct region){ begin, end, "available" };
}

static void add_in_use(uint64_t begin, uint64_t end)
{
    in_use[layout.in_use_count++] = (struct region){ begin, end, "image" };
}

/* A machine of 8 MiB less two frames and a bit: 2046 frames, so the last word
 * of the bitmaps is a partial one. */
static void start_small_machine(void)
{
    play_physical_memory(PLAY_BYTES);
    layout_begin(768 * MIB);
    add_available(0, 640 * KIB);
    add_available(MIB, PLAY_BYTES - 2 * PAGE_BYTES + 100);
    add_in_use(0, MIB);
    add_in_use(MIB, MIB + 10 * PAGE_BYTES + 1);
    CHECK_EQ(frames_init(&layout), STAGE_OK);
    CHECK_SOUND(frames_check());
}

#define SMALL_TOTAL  2046u
#define SMALL_PLACE  (256u + 11) /* one frame, directly above the image */
#define SMALL_LOWEST (SMALL_PLACE + 1)
#define SMALL_FREE   (SMALL_TOTAL - SMALL_LOWEST)

/* Whether the layout has frame `number` free, byte by byte of the rules. */
static bool model_is_free(uint64_t number)
{
    uint64_t begin = number * PAGE_BYTES, end = begin + PAGE_BYTES;
    bool is_free = false;

    for (size_t i = 0; i < layout.available_count; i++)
        is_free |= available[i].begin <= begin && end <= available[i].end;
    for (size_t i = 0; i < layout.in_use_count; i++)
        is_free &= in_use[i].end <= in_use[i].begin || in_use[i].end <= begin ||
                   end <= in_use[i].begin;
    return is_free && end <= layout.reach;
}

/* Every frame is in the state that the rules and the bitmaps' place ask for. */
static void check_fresh_states(void)
{
    uint32_t free_frames = 0, total = frame_counts().total;

    for (uint32_t i = 0; i < total; i++) {
        bool own = i == 0 || (frames.place.first <= i && i < frames.place.end);
        bool is_free = model_is_free(i) && !own;

        CHECK_EQ(frame_state((frame_t){ i }),
                 is_free ? FRAME_IS_FREE : FRAME_IS_RESERVED);
        free_frames += is_free;
    }
    CHECK_EQ(frame_state((frame_t){ total }), FRAME_IS_RESERVED);
    CHECK_EQ(frame_counts().free, free_frames);
    CHECK_EQ(frame_counts().used, 0);
    CHECK_EQ(frame_counts().reserved, total - free_frames);
    for (uint32_t i = frames.place.first; i < frames.place.end; i++)
        CHECK(i >= 256 && model_is_free(i));
}

/* Starting up. */

TEST(frames_small_machine)
{
    struct frame_counts counts;

    start_small_machine();
    check_fresh_states();
    counts = frame_counts();
    CHECK_EQ(counts.total, SMALL_TOTAL);
    CHECK_EQ(counts.free, SMALL_FREE);
    CHECK_EQ(counts.used, 0);
    CHECK_EQ(counts.reserved, SMALL_LOWEST);
    CHECK_EQ(frames.place.first, SMALL_PLACE);
    CHECK_EQ(frames.place.end, SMALL_PLACE + 1);
    CHECK_TEXT(printed_text(), "");
}

TEST(frames_bitmap_writes_only_into_its_place)
{
    unsigned char *memory = play_physical_memory(PLAY_BYTES);

    memset(memory, 0x5A, PLAY_BYTES);
    layout_begin(PLAY_BYTES);
    add_available(0, PLAY_BYTES);
    frames_init(&layout);
    CHECK_EQ(frames.place.first, 256);
    for (uint32_t i = 0; i < PLAY_BYTES; i++)
        CHECK(memory[i] == 0x5A || i / PAGE_BYTES == 256);
    while (frame_alloc().number != 0)
        continue;
    for (uint32_t i = 0; i < PLAY_BYTES; i++)
        CHECK(memory[i] == 0x5A || i / PAGE_BYTES == 256);
}

TEST(frames_unsorted_and_overlapping_regions)
{
    play_physical_memory(PLAY_BYTES);
    layout_begin(PLAY_BYTES);
    add_available(5 * MIB, 6 * MIB);
    add_available(MIB, 3 * MIB);
    add_available(2 * MIB, 4 * MIB);
    add_available(5 * MIB + 1, 5 * MIB + 2);
    add_in_use(2 * MIB - 1, 2 * MIB + 1);
    add_in_use(MIB, MIB + 1);
    add_in_use(5 * MIB + 100, 5 * MIB + 100);
    frames_init(&layout);
    CHECK_SOUND(frames_check());
    check_fresh_states();
    CHECK_EQ(frame_counts().total, 6 * MIB / PAGE_BYTES);
    CHECK_EQ(frame_counts().free, 4 * MIB / PAGE_BYTES - 4);
    CHECK_EQ(frame_state((frame_t){ 511 }), FRAME_IS_RESERVED);
    CHECK_EQ(frame_state((frame_t){ 512 }), FRAME_IS_RESERVED);
    CHECK_EQ(frame_state((frame_t){ 513 }), FRAME_IS_FREE);
    CHECK_EQ(frame_state((frame_t){ 1280 }), FRAME_IS_FREE);
}

TEST(frames_reversed_regions_are_named_and_ignored)
{
    play_physical_memory(PLAY_BYTES);
    layout_begin(PLAY_BYTES);
    add_available(MIB, 2 * MIB);
    add_available(6 * MIB, 5 * MIB);
    add_in_use(0x150000, 0x140000);
    frames_init(&layout);
    CHECK_TEXT(printed_text(),
               "frames: region \"available\" ignored: it ends at 0x500000, "
               "before it begins at 0x600000\n"
               "frames: region \"image\" ignored: it ends at 0x140000, "
               "before it begins at 0x150000\n");
    CHECK_SOUND(frames_check());
    check_fresh_states();
    CHECK_EQ(frame_counts().free, 255);
}

TEST(frames_reach_cuts)
{
    play_physical_memory(PLAY_BYTES);
    layout_begin(4 * MIB + 5000);
    add_available(0, UINT64_MAX);
    add_in_use(7 * MIB, UINT64_MAX);
    add_in_use(UINT64_MAX - 1, UINT64_MAX);
    frames_init(&layout);
    CHECK_SOUND(frames_check());
    check_fresh_states();
    CHECK_EQ(frame_counts().total, 1025);
}

TEST(frames_place_avoids_what_is_in_use_and_out_of_reach)
{
    play_physical_memory(2 * MIB);
    layout_begin(4 * GIB);
    add_available(0, MIB);                     /* too low */
    add_available(MIB, MIB + 20 * PAGE_BYTES); /* too small */
    add_available(MIB + 512 * KIB, 4 * GIB);
    add_in_use(MIB + 600 * KIB, MIB + 600 * KIB + 1); /* leaves too little */
    frames_init(&layout);
    CHECK_SOUND(frames_check());
    CHECK_EQ(frames.place.first, 256 + 151);
    CHECK_EQ(frames.place.end - frames.place.first, 64);
    add_in_use(MIB + 800 * KIB, 3 * MIB);
    CHECK_PANICS(frames_init(&layout)); /* the next free place is at 3 MiB */
    CHECK(strstr(panic_text(), "256 KiB") != NULL);
    CHECK(strstr(panic_text(), "1048576 frames") != NULL);
}

TEST(frames_no_memory_at_all_is_said)
{
    play_physical_memory(PLAY_BYTES);
    layout_begin(768 * MIB);
    CHECK_PANICS(frames_init(&layout));
    CHECK(strstr(panic_text(), "no available memory below 0x30000000"));
    add_available(4 * GIB, 8 * GIB);
    add_available(100, 4095);
    CHECK_PANICS(frames_init(&layout));
    CHECK(strstr(panic_text(), "no available memory below 0x30000000"));
}

TEST(frames_4_gib)
{
    frame_t frame;

    play_physical_memory(4 * MIB);
    layout_begin(16 * GIB);
    add_available(4 * GIB, 5 * GIB);
    add_available(0, 640 * KIB);
    add_available(MIB, 3 * GIB);
    add_available(4 * GIB - 64 * KIB, 4 * GIB + 64 * KIB);
    add_in_use(MIB, 2 * MIB + 77);
    frames_init(&layout);
    CHECK_SOUND(frames_check());
    check_fresh_states();
    CHECK_EQ(frame_counts().total, 1u << 20);
    CHECK_EQ(frames.place.first, 513);
    frame = frame_alloc_run(16, 16);
    CHECK_EQ(frame.number, 16);
    frame = frame_alloc_run((3 * GIB - 2 * MIB) / PAGE_BYTES - 65, 1);
    CHECK_EQ(frame.number, 513 + 64);
    for (uint32_t i = 1; i < 16; i++)
        CHECK_EQ(frame_alloc().number, i);
    for (uint32_t i = 32; i < 160; i++)
        CHECK_EQ(frame_alloc().number, i);
    for (uint32_t i = 0xFFFF0; i <= 0xFFFFF; i++)
        CHECK_EQ(frame_alloc().number, i);
    CHECK_EQ(frame_alloc().number, 0);
    CHECK_SOUND(frames_check());
    CHECK_EQ(frame_free((frame_t){ 0xFFFFF }), FRAME_OK);
    CHECK_EQ(frame_free((frame_t){ 0x100000 }), FRAME_OUT_OF_RANGE);
    CHECK_EQ(frame_free_run((frame_t){ 0xFFFFE }, 2), FRAME_ALREADY_FREE);
    CHECK_EQ(frame_free_run((frame_t){ 0xFFFFE }, 3), FRAME_OUT_OF_RANGE);
    CHECK_EQ(frame_alloc().number, 0xFFFFF);
    CHECK_SOUND(frames_check());
}

/* Addresses that are round, nearly round, and beyond everything. */
static uint64_t random_address(struct random *random)
{
    uint64_t address = random_below(random, 10 * 256);

    address = address * 4096 + random_below(random, 3) - 1;
    switch (random_below(random, 12)) {
    case 0:
        return UINT64_MAX - random_below(random, 5000);
    case 1:
        return 4 * GIB + random_below(random, 3) - 1;
    case 2:
        return 0;
    default:
        return address;
    }
}

static bool model_has_place(uint32_t total)
{
    uint32_t needed = bytes_to_pages(8 * ((total + 31) / 32)), found = 0;

    for (uint32_t i = 256; i < total && i < PLAY_FRAMES; i++) {
        found = model_is_free(i) ? found + 1 : 0;
        if (found == needed)
            return true;
    }
    return false;
}

static void random_layout(struct random *random)
{
    layout_begin(random_below(random, 4) ? PLAY_BYTES : 16 * MIB);
    for (uint32_t i = random_below(random, MOST_REGIONS); i > 0; i--)
        add_available(random_address(random), random_address(random));
    for (uint32_t i = random_below(random, MOST_REGIONS + 1); i > 0; i--)
        add_in_use(random_address(random), random_address(random));
}

TEST(frames_random_layouts)
{
    struct random random;
    static int started; /* static: survives longjmp */

    random_seed(&random, 3);
    play_physical_memory(PLAY_BYTES);
    for (int round = 0; round < 600; round++) {
        uint32_t total = 0;

        random_layout(&random);
        for (uint32_t i = 0; i < 16 * MIB / PAGE_BYTES; i++) {
            for (size_t r = 0; r < layout.available_count; r++) {
                if (available[r].begin <= i * 4096ull &&
                    (i + 1) * 4096ull <= available[r].end &&
                    (i + 1) * 4096ull <= layout.reach)
                    total = i + 1;
            }
        }
        if (!model_has_place(total)) {
            CHECK_PANICS(frames_init(&layout));
            continue;
        }
        started++;
        frames_init(&layout);
        CHECK_EQ(frame_counts().total, total);
        CHECK_SOUND(frames_check());
        check_fresh_states();
        (void)printed_text();
    }
    CHECK(started > 200);
}

/* Handing out and taking back. */

TEST(frames_each_one_once)
{
    static bool seen[SMALL_TOTAL];

    start_small_machine();
    for (uint32_t i = 0; i < SMALL_FREE; i++) {
        frame_t frame = frame_alloc();

        CHECK(frame.number >= SMALL_LOWEST && frame.number < SMALL_TOTAL);
        CHECK(!seen[frame.number]);
        seen[frame.number] = true;
        CHECK_EQ(frame_state(frame), FRAME_IS_USED);
    }
    CHECK_EQ(frame_alloc().number, 0);
    CHECK_EQ(frame_alloc_run(1, 1).number, 0);
    CHECK_EQ(frame_counts().free, 0);
    CHECK_EQ(frame_counts().used, SMALL_FREE);
    CHECK_SOUND(frames_check());
    CHECK_EQ(frame_free((frame_t){ SMALL_TOTAL - 1 }), FRAME_OK);
    CHECK_EQ(frame_alloc().number, SMALL_TOTAL - 1);
    CHECK_EQ(frame_free((frame_t){ SMALL_LOWEST }), FRAME_OK);
    CHECK_EQ(frame_alloc().number, SMALL_LOWEST);
    CHECK_EQ(frame_alloc().number, 0);
    CHECK_SOUND(frames_check());
}

TEST(frames_bad_frees_change_nothing)
{
    frame_t frame;

    start_small_machine();
    frame = frame_alloc();
    CHECK_EQ(frame.number, SMALL_LOWEST);
    CHECK_EQ(frame_free(FRAME_NONE), FRAME_NEVER_OURS);
    CHECK_EQ(frame_free((frame_t){ 1 }), FRAME_NEVER_OURS);
    CHECK_EQ(frame_free((frame_t){ 200 }), FRAME_NEVER_OURS);
    CHECK_EQ(frame_free((frame_t){ SMALL_PLACE }), FRAME_NEVER_OURS);
    CHECK_EQ(frame_free((frame_t){ SMALL_TOTAL }), FRAME_OUT_OF_RANGE);
    CHECK_EQ(frame_free((frame_t){ SMALL_TOTAL + 1 }), FRAME_OUT_OF_RANGE);
    CHECK_EQ(frame_free(FRAME_NOT_WRITTEN), FRAME_OUT_OF_RANGE);
    CHECK_EQ(frame_free((frame_t){ SMALL_LOWEST + 1 }), FRAME_ALREADY_FREE);
    CHECK_EQ(frame_counts().used, 1);
    CHECK_SOUND(frames_check());
    CHECK_EQ(frame_free(frame), FRAME_OK);
    CHECK_EQ(frame_free(frame), FRAME_ALREADY_FREE);
    CHECK_EQ(frame_counts().free, SMALL_FREE);
    CHECK_SOUND(frames_check());
}

TEST(frames_runs_are_aligned_and_whole)
{
    frame_t run;

    start_small_machine();
    run = frame_alloc_run(33, 1);
    CHECK_EQ(run.number, SMALL_LOWEST);
    run = frame_alloc_run(5, 64);
    CHECK_EQ(run.number, 320);
    run = frame_alloc_run(1, 1024);
    CHECK_EQ(run.number, 1024);
    run = frame_alloc_run(1024, 1024);
    CHECK_EQ(run.number, 0); /* 1024 is taken, 2048 beyond the end */
    run = frame_alloc_run(SMALL_TOTAL - 1025, 1);
    CHECK_EQ(run.number, 1025);
    CHECK_EQ(frame_alloc().number, SMALL_LOWEST + 33);
    CHECK_SOUND(frames_check());
    CHECK_EQ(frame_free_run(run, SMALL_TOTAL - 1025), FRAME_OK);
    run = frame_alloc_run(SMALL_TOTAL - 1025 + 1, 1);
    CHECK_EQ(run.number, 0);
    CHECK_SOUND(frames_check());
}

TEST(frames_odd_runs_are_refused)
{
    start_small_machine();
    CHECK_EQ(frame_alloc_run(0, 1).number, 0);
    CHECK_EQ(frame_alloc_run(1, 0).number, 0);
    CHECK_EQ(frame_alloc_run(1, 3).number, 0);
    CHECK_EQ(frame_alloc_run(SMALL_FREE + 1, 1).number, 0);
    CHECK_EQ(frame_alloc_run(UINT32_MAX, 1).number, 0);
    CHECK_EQ(frame_alloc_run(1, 1u << 31).number, 0);
    CHECK_EQ(frame_counts().used, 0);
    CHECK_EQ(frame_alloc_run(SMALL_FREE, 1).number, SMALL_LOWEST);
    CHECK_SOUND(frames_check());
}

TEST(frames_free_run_is_all_or_nothing)
{
    frame_t run;

    start_small_machine();
    run = frame_alloc_run(10, 1);
    CHECK_EQ(frame_free_run(run, 11), FRAME_ALREADY_FREE);
    CHECK_EQ(frame_free_run((frame_t){ run.number - 1 }, 11), FRAME_NEVER_OURS);
    CHECK_EQ(frame_free_run(run, UINT32_MAX), FRAME_OUT_OF_RANGE);
    CHECK_EQ(frame_free_run((frame_t){ UINT32_MAX }, 2), FRAME_OUT_OF_RANGE);
    CHECK_EQ(frame_counts().used, 10);
    for (uint32_t i = 0; i < 10; i++)
        CHECK_EQ(frame_state((frame_t){ run.number + i }), FRAME_IS_USED);
    CHECK_EQ(frame_free_run(run, 0), FRAME_OK);
    CHECK_EQ(frame_counts().used, 10);
    CHECK_EQ(frame_free_run(run, 10), FRAME_OK);
    CHECK_EQ(frame_counts().used, 0);
    CHECK_SOUND(frames_check());
}

TEST(frames_before_the_start_there_are_none)
{
    CHECK_EQ(frame_alloc().number, 0);
    CHECK_EQ(frame_alloc_run(1, 1).number, 0);
    CHECK_EQ(frame_free((frame_t){ 1 }), FRAME_OUT_OF_RANGE);
    CHECK_EQ(frame_state((frame_t){ 1 }), FRAME_IS_RESERVED);
    CHECK(!is_sound(frames_check()));
}

/* Random operations against one byte a frame. */

static enum frame_state model[SMALL_TOTAL];

static bool model_run_is(uint32_t first, uint32_t count, enum frame_state state)
{
    for (uint32_t i = 0; i < count; i++) {
        if (first + i >= SMALL_TOTAL || model[first + i] != state)
            return false;
    }
    return true;
}

static void model_mark(uint32_t first, uint32_t count, enum frame_state state)
{
    for (uint32_t i = 0; i < count; i++)
        model[first + i] = state;
}

static void try_alloc(uint32_t count, uint32_t align)
{
    uint32_t expected = 0, found = frame_alloc_run(count, align).number;

    while (expected < SMALL_TOTAL &&
           !model_run_is(expected, count, FRAME_IS_FREE))
        expected += align;
    CHECK_EQ(found, expected < SMALL_TOTAL ? expected : 0);
    if (found != 0)
        model_mark(found, count, FRAME_IS_USED);
}

static void try_alloc_one(void)
{
    uint32_t found = frame_alloc().number;

    if (found == 0) {
        for (uint32_t i = 0; i < SMALL_TOTAL; i++)
            CHECK(model[i] != FRAME_IS_FREE);
        return;
    }
    CHECK(model_run_is(found, 1, FRAME_IS_FREE));
    model_mark(found, 1, FRAME_IS_USED);
}

static void try_free(uint32_t first, uint32_t count)
{
    bool good = model_run_is(first, count, FRAME_IS_USED);

    CHECK_EQ(frame_free_run((frame_t){ first }, count) == FRAME_OK, good);
    if (good)
        model_mark(first, count, FRAME_IS_FREE);
}

TEST(frames_random_against_a_model)
{
    struct random random;

    start_small_machine();
    for (uint32_t i = 0; i < SMALL_TOTAL; i++)
        model[i] = i < SMALL_LOWEST ? FRAME_IS_RESERVED : FRAME_IS_FREE;
    random_seed(&random, 11);
    for (uint32_t step = 0; step < 20000; step++) {
        uint32_t freeing = step / 2000 % 2 ? 6 : 3; /* fills up, empties */
        uint32_t count = 1 + random_below(&random, 40);

        if (random_below(&random, 8) < freeing)
            try_free(random_below(&random, SMALL_TOTAL + 10), count / 8 + 1);
        else if (random_below(&random, 2))
            try_alloc(count, 1u << random_below(&random, 7));
        else
            try_alloc_one();
        CHECK_SOUND(frames_check());
        for (uint32_t i = step % 97; i < SMALL_TOTAL; i += 97)
            CHECK_EQ(frame_state((frame_t){ i }), model[i]);
    }
}

/* The checker: each invariant broken on purpose, and named. */

static void check_named(const char *invariant, uint32_t frame)
{
    struct violation violation = frames_check();

    CHECK(!is_sound(violation));
    if (strncmp(violation.invariant, invariant, strlen(invariant)) != 0)
        test_fail(__FILE__, __LINE__, "\"%s\" named, expected %s",
                  violation.invariant, invariant);
    CHECK_EQ(violation.address, (uintptr_t)frame << PAGE_SHIFT);
}

TEST(frames_check_finds_a_free_reserved_frame)
{
    start_small_machine();
    bitmap_clear(&frames.busy, 40);
    check_named("I1", 40);
}

TEST(frames_check_finds_a_forgotten_region)
{
    const uint32_t wrong[] = { 0, 1, 159, 160, 255, 256, 266, SMALL_PLACE };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        start_small_machine();
        bitmap_clear(&frames.busy, wrong[i]);
        bitmap_clear(&frames.reserved, wrong[i]);
        frames.counts.free++;
        frames.counts.reserved--;
        check_named("I2", wrong[i]);
    }
}

TEST(frames_check_finds_memory_that_is_kept_back)
{
    const uint32_t wrong[] = { SMALL_LOWEST, 1000, 1024, SMALL_TOTAL - 1 };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        start_small_machine();
        bitmap_set(&frames.busy, wrong[i]);
        bitmap_set(&frames.reserved, wrong[i]);
        frames.counts.free--;
        frames.counts.reserved++;
        check_named("I2", wrong[i]);
    }
}

TEST(frames_check_finds_wrong_counters)
{
    uint32_t *counters[] = { &frames.counts.total, &frames.counts.free,
                             &frames.counts.used, &frames.counts.reserved };

    for (size_t i = 0; i < 4; i++) {
        start_small_machine();
        ++*counters[i];
        check_named("I3", 0);
        *counters[i] -= 2;
        check_named("I3", 0);
    }
    start_small_machine();
    bitmap_set(&frames.busy, SMALL_TOTAL - 1);
    check_named("I3", 0);
    start_small_machine();
    frames.reserved.bits--;
    check_named("I3", 0);
}

TEST(frames_check_finds_a_wrong_hint)
{
    start_small_machine();
    frames.lowest_free = SMALL_LOWEST;
    CHECK_SOUND(frames_check());
    frames.lowest_free = SMALL_LOWEST + 1;
    check_named("I4", SMALL_LOWEST);
}

TEST(frames_check_finds_misplaced_bitmaps)
{
    start_small_machine();
    frames.busy.words = frame_to_virt((frame_t){ SMALL_PLACE + 1 });
    check_named("I5", SMALL_PLACE);
    start_small_machine();
    frames.reserved.words += PAGE_BYTES / 4 - 90;
    check_named("I5", SMALL_PLACE);
    start_small_machine();
    frames.reserved.words = frames.busy.words + 1;
    check_named("I5", SMALL_PLACE);
    start_small_machine();
    frames.place = (struct frame_range){ 2048, 2049 };
    check_named("I5", 2048);
    start_small_machine();
    add_in_use(SMALL_PLACE * 4096 + 5, SMALL_PLACE * 4096 + 6);
    check_named("I5", SMALL_PLACE);
}

TEST(frames_check_finds_a_bitmap_that_ends_early)
{
    start_small_machine();
    add_available(4 * MIB, PLAY_BYTES);
    check_named("I6", SMALL_TOTAL);
    layout.available_count--;
    layout.reach = PLAY_BYTES - 3 * PAGE_BYTES;
    check_named("I6", SMALL_TOTAL);
}

TEST(frames_errors_have_words)
{
    for (int i = FRAME_OK; i <= FRAME_OUT_OF_RANGE; i++) {
        CHECK(strlen(frame_error_text((enum frame_error)i)) > 3);
        CHECK(strcmp(frame_error_text((enum frame_error)i), "unknown error") !=
              0);
    }
    CHECK_TEXT(frame_error_text((enum frame_error)77), "unknown error");
}
