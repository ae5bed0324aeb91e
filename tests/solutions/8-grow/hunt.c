/* SPDX-License-Identifier: MIT */
/* What a student may write into labs/8-grow/hunt.c: ten of the twelve wrong
 * allocators at least are told apart (tests/test_hunt.py). */
#include "labtest/test.h"

static void test_pages(void)
{
    uint32_t value = 1, free;

    lab_window_open(4000);
    lab_window_place(0, lab_window_page(1));
    lab_window_place(1, lab_window_page(500));
    lab_window_place(2, lab_window_page(1000));
    free = lab_frame_counts().free;
    lab_window_move_end(2, lab_window_page(1100));
    LAB_EXPECT(lab_write(lab_window_page(1001), 7), "a page cannot be written");
    LAB_EXPECT(lab_write(lab_window_page(1099), 7), "nor the last one");
    LAB_EXPECT(!lab_read(lab_window_page(1100), &value), "one page more");
    lab_window_move_end(2, lab_window_page(1000));
    LAB_EXPECT(!lab_read(lab_window_page(1001), &value), "it is remembered");
    LAB_EXPECT(!lab_read(lab_window_page(1099), &value), "it is remembered");
    LAB_EQUAL(lab_frame_counts().free, free, "free frames");
    lab_window_move_end(0, lab_window_page(200));
    for (uint32_t i = 1; i < 150; i++) {
        lab_read(lab_window_page(i), &value);
        LAB_EQUAL(value, 0, "the first word of a new page");
    }
}

static void test_frames(void)
{
    lab_window_open(4000);
    lab_window_place(0, lab_window_page(1));
    lab_window_place(1, lab_window_page(500));
    lab_window_place(2, lab_window_page(1000));
    lab_window_move_end(2, lab_window_page(1010));
    lab_leave_frames(5);
    LAB_EQUAL(lab_window_move_end(2, lab_window_page(1020)), WINDOW_NO_FRAMES,
              "window_move_end() with too few frames");
    LAB_EQUAL(lab_frame_counts().free, 5, "free frames after that");
    LAB_EXPECT(lab_window_entry(lab_window_page(1009)), "a page is gone");
    LAB_EQUAL(lab_window_entry(lab_window_page(1010)), 0, "a page stays");
}

static void test_close(void)
{
    lab_window_open(4000);
    lab_window_place(0, lab_window_page(1));
    lab_window_place(1, lab_window_page(500));
    lab_window_place(2, lab_window_page(1000));
    lab_window_move_end(2, lab_window_page(1010));
    lab_window_close();
    LAB_EQUAL(lab_frame_counts().free, 4000, "free frames");
}

static const struct lab_test tests[] = {
    { .name = "pages",
      .what = "Pages come, go, and are forgotten.",
      .hint = "",
      .run = test_pages },
    { .name = "frames",
      .what = "Too few frames: nothing changes.",
      .hint = "",
      .run = test_frames },
    { .name = "close",
      .what = "Nothing stays.",
      .hint = "",
      .run = test_close },
};

const struct lab lab_grow = { "grow", "paging", tests,
                              sizeof tests / sizeof *tests };
