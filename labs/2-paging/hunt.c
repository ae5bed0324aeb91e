/* SPDX-License-Identifier: MIT */
/* Break it: your own tests of lab 2 (docs/hunts.md).  make hunt LAB=paging
 * tries them on allocators that are right and on twelve that are wrong. */
#include "labtest/test.h"

/* An example, which tells nothing apart. */
static void test_mine(void)
{
    struct page_table *directory = lab_paging_start(8);
    phys_t phys;

    LAB_EXPECT(!lab_translate(directory, 0x400000, &phys),
               "page_translate() where nothing is mapped");
}

/* One row for each test: its name, and what it tries. */
static const struct lab_test tests[] = {
    { .name = "mine", .what = "One directory.", .hint = "", .run = test_mine },
};

const struct lab lab_paging = { "paging", "boot", tests,
                                sizeof tests / sizeof *tests };
