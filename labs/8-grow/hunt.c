/* SPDX-License-Identifier: MIT */
/* Break it: your own tests of lab 8 (docs/hunts.md).  make hunt LAB=grow tries
 * them on allocators that are right and on twelve that are wrong. */
#include "labtest/test.h"

/* An example, which tells nothing apart. */
static void test_mine(void)
{
    lab_window_open(4000); /* frames, to be had */
    LAB_EQUAL(lab_window_frames(), 0, "frames of a window without pages");
}

/* One row for each test: its name, and what it tries. */
static const struct lab_test tests[] = {
    { .name = "mine", .what = "One window.", .hint = "", .run = test_mine },
};

const struct lab lab_grow = { "grow", "paging", tests,
                              sizeof tests / sizeof *tests };
