/* SPDX-License-Identifier: MIT */
/* Break it: your own tests of lab 5 (docs/hunts.md).  make hunt LAB=zalloc
 * tries them on allocators that are right and on twelve that are wrong. */
#include "labtest/test.h"

/* An example, which tells nothing apart. */
static void test_mine(void)
{
    lab_zones_start(64); /* pages, at most */
    LAB_EQUAL(lab_zone_pages(), 0, "pages held at the start");
}

/* One row for each test: its name, and what it tries. */
static const struct lab_test tests[] = {
    { .name = "mine", .what = "One heap.", .hint = "", .run = test_mine },
};

const struct lab lab_zalloc = { "zalloc", "paging", tests,
                                sizeof tests / sizeof *tests };
