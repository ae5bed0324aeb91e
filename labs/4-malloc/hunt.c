/* SPDX-License-Identifier: MIT */
/* Break it: your own tests of lab 4 (docs/hunts.md).  make hunt LAB=malloc
 * tries them on allocators that are right and on twelve that are wrong. */
#include "labtest/test.h"

/* An example, which tells nothing apart. */
static void test_mine(void)
{
    lab_heap_start(65536);
    LAB_EQUAL(heap_stats().usage.used_blocks, 0, "blocks in use");
}

/* One row for each test: its name, and what it tries. */
static const struct lab_test tests[] = {
    { .name = "mine", .what = "One heap.", .hint = "", .run = test_mine },
};

const struct lab lab_malloc = { "malloc", "paging", tests,
                                sizeof tests / sizeof *tests };
