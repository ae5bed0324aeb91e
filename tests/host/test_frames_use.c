/* SPDX-License-Identifier: MIT */
/* Frames handed out and taken back, and the checker's own test: each invariant
 * broken on purpose.
 */
#include "harness.h"
#include "layouts.h"

#include "lib/bitmap.h"
#include "lib/random.h"
#include "mm/frames/frames.h"
#include "mm/frames/frames_private.h"

#include <string.h>

#define PLAY_BYTES (8 * MIB)

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
    random_seed(&random, test_seed(11));
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
    layout.reach = MIB;
    check_named("I5", SMALL_PLACE);
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
