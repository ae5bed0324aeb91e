/* SPDX-License-Identifier: MIT */
/* Break it: your own tests of lab 1 (docs/hunts.md).  make hunt LAB=frames
 * tries them on allocators that are right and on twelve that are wrong. */
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

/* An example, which tells nothing apart. */
static void test_mine(void)
{
    start(64, 2);
    LAB_EQUAL(frame_counts().used, 0, "frames in use at the start");
}

/* One row for each test: its name, and what it tries. */
static const struct lab_test tests[] = {
    { .name = "mine", .what = "One memory.", .hint = "", .run = test_mine },
};

const struct lab lab_frames = { "frames", "boot", tests,
                                sizeof tests / sizeof *tests };
