/* SPDX-License-Identifier: MIT */
/* What a student may write into labs/1-frames/hunt.c: ten of the twelve wrong
 * allocators at least are told apart (tests/test_hunt.py). */
#include "labtest/test.h"

/* The memory of a test: `count` frames, of which `used` from the eighth on are
 * in use by others. */
static void start(uint32_t count, uint32_t used)
{
    static struct region available[1], in_use[1];
    static struct memory_layout layout;
    uint64_t begin = lab_arena().addr;

    available[0] =
        (struct region){ begin, begin + count * PAGE_BYTES, "available" };
    in_use[0] = (struct region){ begin + 8 * PAGE_BYTES,
                                 begin + (8 + used) * PAGE_BYTES, "in use" };
    layout = (struct memory_layout){ available, 1, in_use, 1,
                                     begin + LAB_ARENA_BYTES };
    lab_frames_start(&layout);
}

static void test_counts(void)
{
    frame_t a, b;
    uint32_t free;

    start(64, 2);
    free = frame_counts().free;
    a = lab_frame_alloc();
    b = lab_frame_alloc();
    LAB_EQUAL(lab_frame_free(a), FRAME_OK, "frame_free(a)");
    LAB_EQUAL(lab_frame_free(a), FRAME_ALREADY_FREE, "frame_free(a), again");
    LAB_EQUAL(lab_frame_free((frame_t){ frame_of(lab_arena()).number + 8 }),
              FRAME_NEVER_OURS, "frame_free() of one that is in use");
    LAB_EQUAL(frame_counts().free, free - 1, "free frames");
    lab_frame_free(b);
}

static void test_all(void)
{
    uint32_t free;
    frame_t run;

    start(64, 2);
    free = frame_counts().free;
    run = lab_frame_alloc_run(3, 1);
    free -= 3;
    for (uint32_t i = 0; i < free; i++)
        LAB_EXPECT(lab_frame_alloc().number != 0, "%u of %u frames", i, free);
    LAB_EQUAL(lab_frame_alloc().number, 0, "one more");
    LAB_EQUAL(lab_frame_free_run(run, 3), FRAME_OK, "frame_free_run()");
    for (uint32_t i = 0; i < 3; i++)
        LAB_EXPECT(lab_frame_alloc().number != 0, "a frame of the run");
}

static void test_runs(void)
{
    frame_t run, hole;

    start(64, 2);
    lab_frame_alloc();
    run = lab_frame_alloc_run(4, 8);
    LAB_EXPECT(run.number != 0 && run.number % 8 == 0, "a run of 4 at 8");
    LAB_EQUAL(lab_frame_alloc_run(0, 1).number, 0, "a run of no frames");
    run = lab_frame_alloc_run(6, 1);
    hole = (frame_t){ run.number + 2 };
    while (lab_frame_alloc().number != 0)
        continue;
    lab_frame_free_run(run, 2);
    lab_frame_free((frame_t){ hole.number + 1 });
    LAB_EQUAL(lab_frame_alloc_run(4, 1).number, 0, "a run over a used frame");
    lab_frame_free(hole);
    LAB_EQUAL(lab_frame_alloc_run(4, 1).number, run.number, "the hole of 4");
}

static void test_zero(void)
{
    static struct region both[2];
    static struct memory_layout layout;
    uint64_t begin = lab_arena().addr;

    both[0] = (struct region){ 0, 8 * PAGE_BYTES, "low" };
    both[1] = (struct region){ begin, begin + 8 * PAGE_BYTES, "high" };
    layout =
        (struct memory_layout){ both, 2, NULL, 0, begin + LAB_ARENA_BYTES };
    lab_frames_start(&layout);
    for (uint32_t i = 0; i < 20; i++)
        lab_frame_alloc();
    LAB_EQUAL(lab_frame_free((frame_t){ 0 }), FRAME_NEVER_OURS, "frame 0");
}

static const struct lab_test tests[] = {
    { .name = "counts",
      .what = "Counters, double frees, a frame that is not ours.",
      .hint = "",
      .run = test_counts },
    { .name = "all",
      .what = "Every frame once, none in use, and a run freed.",
      .hint = "",
      .run = test_all },
    { .name = "runs",
      .what = "Runs at their alignment, and around a used frame.",
      .hint = "",
      .run = test_runs },
    { .name = "zero",
      .what = "Frame 0 is never handed out.",
      .hint = "",
      .run = test_zero },
};

const struct lab lab_frames = { "frames", "boot", tests,
                                sizeof tests / sizeof *tests };
