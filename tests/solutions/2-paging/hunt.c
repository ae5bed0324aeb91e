/* SPDX-License-Identifier: MIT */
/* What a student may write into labs/2-paging/hunt.c: ten of the twelve wrong
 * allocators at least are told apart (tests/test_hunt.py). */
#include "labtest/test.h"

static void test_map(void)
{
    struct page_table *directory = lab_paging_start(8);
    uint32_t used = frame_counts().used;
    frame_t frame = { 0 };
    phys_t phys;

    lab_map(directory, 0x60000001, lab_data_frame(1), PAGE_WRITABLE);
    LAB_EQUAL(frame_counts().used, used, "frames after an error");
    lab_map(directory, 0x400000, lab_data_frame(1), PAGE_READ_ONLY);
    lab_map(directory, 0x401000, lab_data_frame(2), PAGE_WRITABLE);
    LAB_EQUAL(frame_counts().used, used + 1, "frames of tables");
    LAB_EXPECT(!entry_is(lab_walk(directory, 0x400000), ENTRY_WRITABLE),
               "a read-only page can be written");
    LAB_EQUAL(lab_map(directory, 0x400000, lab_data_frame(3), PAGE_WRITABLE),
              PAGE_ALREADY_MAPPED, "page_map() of a mapped page");
    LAB_EXPECT(lab_translate(directory, 0x401234, &phys), "not translated");
    LAB_EQUAL(phys.addr, frame_base(lab_data_frame(2)).addr + 0x234, "where");
    LAB_EQUAL(lab_protect(directory, 0x401000, PAGE_READ_ONLY), PAGE_OK,
              "page_protect()");
    LAB_EQUAL(entry_frame(lab_walk(directory, 0x401000)).number,
              lab_data_frame(2).number, "the frame, after page_protect()");
    LAB_EQUAL(lab_unmap(directory, 0x400000, &frame), PAGE_OK, "page_unmap()");
    LAB_EXPECT(lab_walk(directory, 0x401000), "the neighbour is gone, too");
    LAB_EQUAL(lab_unmap(directory, 0x401000, NULL), PAGE_OK, "page_unmap()");
}

static void test_tlb(void)
{
    struct page_table *directory = lab_paging_start(8);
    uint32_t value = 0;

    lab_map(directory, 0x400000, lab_data_frame(1), PAGE_WRITABLE);
    lab_map(directory, 0x401000, lab_data_frame(2), PAGE_WRITABLE);
    lab_load(directory);
    lab_write(0x400000, 1);
    lab_write(0x401000, 1);
    lab_protect(directory, 0x401000, PAGE_READ_ONLY);
    LAB_EXPECT(!lab_write(0x401000, 2), "a read-only page can be written");
    lab_unmap(directory, 0x400000, NULL);
    LAB_EXPECT(!lab_read(0x400000, &value), "an unmapped page can be read");
}

static void test_memory(void)
{
    struct page_table *directory = lab_paging_start(1);

    *(uint32_t *)frame_to_virt(lab_data_frame(0)) = 1;
    lab_map(directory, 0x400000, lab_data_frame(1), PAGE_WRITABLE);
    LAB_EQUAL(lab_map(directory, 0x800000, lab_data_frame(1), PAGE_WRITABLE),
              PAGE_NO_MEMORY, "page_map() without a frame");
}

static const struct lab_test tests[] = {
    { .name = "map",
      .what = "Entries, tables and rights.",
      .hint = "",
      .run = test_map },
    { .name = "tlb",
      .what = "What the processor remembers.",
      .hint = "",
      .run = test_tlb },
    { .name = "memory",
      .what = "No frame for a table, and a table in a used frame.",
      .hint = "",
      .run = test_memory },
};

const struct lab lab_paging = { "paging", "boot", tests,
                                sizeof tests / sizeof *tests };
