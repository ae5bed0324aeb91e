/* SPDX-License-Identifier: MIT */
/* Lab 1.  All layouts are made of the arena and of low memory.  No test writes
 * into low memory.  Every lab_frame_alloc() checks that the frame is handed
 * out only once, and that the layout offers it. */
#include "tests.h"

#include "lib/random.h"

#define LOW_END 0xA0000u

static bool is_taken(uint32_t number, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (frames_taken[i].number == number)
            return true;
    }
    return false;
}

/* All that a layout offers below `end` has been handed out, or was kept. */
static void expect_all_taken(uint32_t first, uint32_t end, uint32_t count)
{
    for (uint32_t i = first; i < end; i++) {
        frame_t frame = { i };

        LAB_EXPECT(!lab_frame_is_offered(frame) || lab_frame_is_kept(frame) ||
                       is_taken(i, count),
                   "frame %#x is free in the layout, but is never handed out",
                   i);
    }
}

static void test_first(void)
{
    frame_t frame;

    start_one_piece();
    frame = lab_frame_alloc();
    LAB_EXPECT(frame.number != FRAME_NONE.number,
               "frame_alloc() finds nothing in 1 MiB of free memory");
}

static void test_all(void)
{
    const uint32_t bytes = PIECE + 5 * PAGE_BYTES; /* no whole words of bits */
    uint32_t count, free;

    layout_begin();
    layout_offer(arena_at(0), arena_at(bytes));
    lab_frames_start(&frames_layout);
    free = frame_counts().free;
    LAB_EXPECT(free >= bytes / PAGE_BYTES - 8 && free < bytes / PAGE_BYTES,
               "of %u frames %u are free; few go to the bitmaps",
               bytes / PAGE_BYTES, free);
    count = take_all_frames();
    LAB_EQUAL(count, free, "frames handed out until FRAME_NONE");
    LAB_EQUAL(lab_frame_alloc().number, FRAME_NONE.number, "one more");
    expect_frame_counts(0, free);
}

static void test_in_use(void)
{
    uint32_t first = frame_of(lab_arena()).number;

    layout_begin();
    layout_offer(arena_at(0x80000), arena_at(0xA0800));
    layout_offer(arena_at(100), arena_at(0x40001));
    layout_use(arena_at(0x90FFF), arena_at(0x92001));
    layout_use(arena_at(0x8000), arena_at(0x8001));
    layout_use(arena_at(0x10000), arena_at(0x14000));
    layout_use(arena_at(0x13000), arena_at(0x15000));
    layout_use(arena_at(0x7F000), arena_at(0x81000));
    layout_use(arena_at(0x9F000), arena_at(0x200000));
    lab_frames_start(&frames_layout);
    expect_all_taken(first, first + PIECE / PAGE_BYTES, take_all_frames());
}

static void test_zero(void)
{
    layout_begin();
    layout_offer(0, LOW_END);
    layout_offer(arena_at(0), arena_at(16 * PAGE_BYTES));
    lab_frames_start(&frames_layout);
    expect_all_taken(0, LOW_END / PAGE_BYTES, take_all_frames());
    LAB_EQUAL(lab_frame_free((frame_t){ 0 }), FRAME_NEVER_OURS,
              "frame_free(0)");
}

static void test_again(void)
{
    uint32_t count;

    expect_constant_work();
    start_one_piece();
    take_all_frames();
    expect_fresh_start();
    start_one_piece();
    count = take_all_frames();
    LAB_EXPECT(count > 100, "only %u frames are handed out", count);
    for (uint32_t i = 0; i < count; i += 3)
        lab_frame_free(frames_taken[i]);
    expect_frame_counts((count + 2) / 3, count - (count + 2) / 3);
    for (uint32_t i = 0; i < count; i += 3)
        LAB_EXPECT(lab_frame_alloc().number != FRAME_NONE.number,
                   "%u frames were freed, only %u come again", (count + 2) / 3,
                   i / 3);
    LAB_EQUAL(lab_frame_alloc().number, FRAME_NONE.number, "one more");
    expect_frame_counts(0, count);
}

static void test_misuse(void)
{
    frame_t a, b, image = frame_of((phys_t){ (uint32_t)arena_at(0x20000) });
    uint32_t free;

    layout_begin();
    layout_offer(arena_at(0), arena_at(PIECE));
    layout_use(arena_at(0x20000), arena_at(0x24000));
    lab_frames_start(&frames_layout);
    a = lab_frame_alloc();
    b = lab_frame_alloc();
    LAB_EXPECT(a.number && b.number, "no two frames in an empty memory");
    LAB_EQUAL(lab_frame_free(a), FRAME_OK, "frame_free(a)");
    free = frame_counts().free;
    LAB_EQUAL(lab_frame_free(a), FRAME_ALREADY_FREE, "frame_free(a), again");
    LAB_EQUAL(lab_frame_free(image), FRAME_NEVER_OURS,
              "frame_free() of a frame in use from the start");
    LAB_EQUAL(lab_frame_free((frame_t){ frame_counts().total }),
              FRAME_OUT_OF_RANGE, "frame_free() of the frame after the last");
    LAB_EQUAL(lab_frame_free((frame_t){ 0xFFFFF }), FRAME_OUT_OF_RANGE,
              "frame_free() of the last frame below 4 GiB");
    expect_frame_counts(free, 1);
    LAB_EQUAL(lab_frame_free(b), FRAME_OK, "frame_free(b)");
}

static void expect_sum(void)
{
    struct frame_counts counts = frame_counts();

    LAB_EQUAL(counts.free + counts.used + counts.reserved, counts.total,
              "free + used + reserved");
}

static void test_counters(void)
{
    uint32_t end, free;
    frame_t run;

    start_one_piece();
    end = (uint32_t)(arena_at(PIECE) / PAGE_BYTES);
    free = frame_counts().free;
    LAB_EQUAL(frame_counts().total, end, "frame_counts().total");
    expect_sum();
    LAB_EXPECT(lab_frame_alloc().number != 0, "no frame in an empty memory");
    expect_frame_counts(free - 1, 1);
    run = lab_frame_alloc_run(7, 1);
    LAB_EXPECT(run.number != 0, "no run of 7 in an empty memory");
    expect_frame_counts(free - 8, 8);
    expect_sum();
    lab_frame_free_run(run, 7);
    expect_frame_counts(free - 1, 1);
    expect_sum();
}

static void test_run(void)
{
    start_one_piece();
    for (uint32_t align = 1; align <= 32; align *= 2) {
        for (uint32_t count = 1; count <= 5; count += 2) {
            frame_t first = lab_frame_alloc_run(count, align);

            LAB_EXPECT(first.number != 0, "no run of %u at a multiple of %u",
                       count, align);
            lab_frame_alloc();
        }
    }
}

/* Frees `count` frames from frames_taken[first] on, which are side by side. */
static void punch(uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++)
        lab_frame_free(frames_taken[i]);
}

static void test_run_holes(void)
{
    frame_t base;
    uint32_t count;

    start_one_piece();
    base = lab_frame_alloc_run(128, 64);
    LAB_EXPECT(base.number != 0, "no run of 128 in 1 MiB");
    while (lab_frame_alloc().number != 0)
        continue;
    for (count = 0; count < 128; count++)
        frames_taken[count] = (frame_t){ base.number + count };
    punch(3, 2);
    punch(10, 3);
    punch(20, 6);
    punch(63, 4); /* across a word of the bitmap, and of 64 frames */
    LAB_EQUAL(lab_frame_alloc_run(7, 1).number, 0, "a run of 7");
    expect_frame_counts(15, frame_counts().used);
    LAB_EQUAL(lab_frame_alloc_run(4, 8).number, 0, "a run of 4 at 8");
    LAB_EXPECT(lab_frame_alloc_run(6, 4).number == base.number + 20,
               "the free run of 6 frames is not found");
    LAB_EXPECT(lab_frame_alloc_run(4, 1).number == base.number + 63,
               "the free run of 4 frames is not found");
    LAB_EXPECT(lab_frame_alloc_run(3, 1).number != 0,
               "the free run of 3 frames is not found");
    LAB_EXPECT(lab_frame_alloc_run(2, 1).number != 0,
               "the free run of 2 frames is not found");
    LAB_EQUAL(frame_counts().free, 0, "frame_counts().free");
}

static void test_run_limits(void)
{
    uint32_t free;

    expect_whole_machine();

    start_one_piece();
    free = frame_counts().free;
    LAB_EXPECT(free > 0, "nothing is free at the start");
    LAB_EQUAL(lab_frame_alloc_run(0, 1).number, 0, "a run of no frames");
    LAB_EQUAL(lab_frame_alloc_run(1, 0).number, 0, "alignment 0");
    LAB_EQUAL(lab_frame_alloc_run(1, 3).number, 0, "alignment 3");
    LAB_EQUAL(lab_frame_alloc_run(free + 1, 1).number, 0, "one too many");
    LAB_EQUAL(lab_frame_alloc_run(UINT32_MAX, 1).number, 0, "2^32 - 1 frames");
    LAB_EQUAL(lab_frame_alloc_run(1, 1u << 31).number, 0, "alignment 2^31");
    expect_frame_counts(free, 0);
    LAB_EXPECT(lab_frame_alloc_run(100, 1).number != 0, "no run of 100");
}

static void test_free_run(void)
{
    frame_t run;
    uint32_t used;

    expect_the_end();
    expect_reserved_in_a_run();

    start_one_piece();
    run = lab_frame_alloc_run(10, 1);
    LAB_EXPECT(run.number != 0, "no run of 10");
    LAB_EQUAL(lab_frame_free((frame_t){ run.number + 6 }), FRAME_OK,
              "frame_free() inside the run");
    used = frame_counts().used;
    LAB_EQUAL(lab_frame_free_run(run, 10), FRAME_ALREADY_FREE,
              "frame_free_run() of 10 frames, the seventh free");
    LAB_EQUAL(frame_counts().used, used, "frame_counts().used");
    LAB_EQUAL(lab_frame_free_run(run, UINT32_MAX), FRAME_OUT_OF_RANGE,
              "frame_free_run() of 2^32 - 1 frames");
    LAB_EQUAL(frame_counts().used, used, "frame_counts().used");
    LAB_EQUAL(lab_frame_free_run(run, 6), FRAME_OK, "the first 6");
    LAB_EQUAL(frame_counts().used, used - 6, "frame_counts().used");
}

/* Random work on slots; a part of the steps makes sense, too. */

#define STEPS 3000u
#define SLOTS 48u

static struct {
    uint32_t slot, count, align;
} * steps; /* STEPS of them */

static void take_step(uint32_t i, uint32_t *counts)
{
    uint32_t slot = steps[i].slot;

    if (counts[slot] > 0) {
        lab_frame_free_run(frames_taken[slot], counts[slot]);
        counts[slot] = 0;
        return;
    }
    if (steps[i].count == 1)
        frames_taken[slot] = lab_frame_alloc();
    else
        frames_taken[slot] =
            lab_frame_alloc_run(steps[i].count, steps[i].align);
    counts[slot] = frames_taken[slot].number ? steps[i].count : 0;
}

static void test_random(void)
{
    static uint32_t counts[SLOTS];
    struct random random;
    uint32_t used = 0;

    start_one_piece();
    steps = lab_scratch(STEPS * sizeof *steps);
    random_seed(&random, lab_seed());
    for (uint32_t i = 0; i < SLOTS; i++)
        counts[i] = 0;
    for (uint32_t i = 0; i < STEPS; i++) {
        steps[i].slot = random_below(&random, SLOTS);
        steps[i].count = 1 + random_below(&random, 12) % 9;
        steps[i].align = 1u << random_below(&random, 5);
    }
    for (uint32_t i = 0; i < STEPS; i++) {
        if (lab_step_wanted(i))
            take_step(i, counts);
    }
    for (uint32_t i = 0; i < SLOTS; i++)
        used += counts[i];
    LAB_EXPECT(used > 0 || !lab_step_wanted(0), "nothing is handed out");
    LAB_EQUAL(frame_counts().used, used, "frame_counts().used");
    expect_sum();
}

static const struct lab_test tests[] = {
    { "first", 10, "One frame from memory that is all free.",
      "A free frame has a clear bit in `busy`. Is it set after the allocation?",
      NULL, test_first },
    { "all", 10, "Hands out every free frame, each once, then FRAME_NONE.",
      "Does a search begin below the lowest free frame, and end with the last?",
      "first", test_all },
    { "in-use", 15, "Regions that overlap, in any order, at odd addresses.",
      "Where regions overlap, the one in use wins: mark it last.", "first",
      test_in_use },
    { "zero", 5, "Frame 0 is never handed out, all others are.",
      "Frame 0 means \"none\": is it reserved, whatever the layout says?",
      "first", test_zero },
    { "again", 10, "Frames that were freed are handed out again.",
      "Does lowest_free come down when a frame below it is freed?", "first",
      test_again },
    { "misuse", 10, "Wrong frees are refused, by name, and change nothing.",
      "Ask the two bitmaps before changing one; frame_errors has the cases.",
      "first", test_misuse },
    { "counters", 5, "free + used + reserved is total at any time.",
      "With each bit of `busy`, two counters have to change.", "first",
      test_counters },
    { "run", 10, "Runs of frames, at multiples of powers of two.",
      "lib/bitmap.h has a search for a run; its result is the first frame.",
      "first", test_run },
    { "run-holes", 10, "A run is found between used frames.",
      "Does the search for a run see each frame of it, and no other?", "run",
      test_run_holes },
    { "run-limits", 5, "Runs of no frame, of too many, at no power of two.",
      "frames.h says when the answer is FRAME_NONE; nothing may change then.",
      "run", test_run_limits },
    { "free-run", 5, "Frees all frames of a run or, on an error, none.",
      "Check all of the run before the first bit is cleared.", "run",
      test_free_run },
    { "random", 5, "3000 random steps, against a bit a frame.",
      "The steps below are the shortest that fail; do them on paper.", "run",
      test_random },
};

const struct lab lab_frames = { "frames", "boot", tests,
                                sizeof tests / sizeof *tests };
