/* SPDX-License-Identifier: MIT */
/* Lab 8.  The test chooses how many frames the allocator has, and asks the
 * processor itself which pages it can read (lab_read). */
#include "labtest/test.h"

#define PAGE(i) lab_window_page(i)
#define MOST    6000u
#define PLENTY  4000u
#define TABLES  (LAB_WINDOW_BYTES / (4u << 20))

static uint32_t frames_free(void)
{
    return lab_frame_counts().free;
}

static void open_window(void)
{
    LAB_EQUAL(lab_window_open(PLENTY), WINDOW_OK, "window_init()");
    lab_window_place(0, PAGE(1));
    lab_window_place(1, PAGE(300));
    lab_window_place(2, PAGE(1000));
}

static void move_end(unsigned range, uint32_t page)
{
    LAB_EQUAL(lab_window_move_end(range, PAGE(page)), WINDOW_OK,
              "window_move_end()");
}

static void expect_mapped(uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++) {
        page_entry_t entry = lab_window_entry(PAGE(i));

        LAB_EXPECT(entry, "page %u of the window is not mapped", i);
        LAB_EXPECT(entry_is(entry, ENTRY_WRITABLE),
                   "page %u of the window may not be written", i);
    }
}

static void expect_unmapped(uint32_t first, uint32_t end)
{
    for (uint32_t i = first; i < end; i++)
        LAB_EQUAL(lab_window_entry(PAGE(i)), 0, "the entry of a page outside");
}

/* The frames of the pages, without those of the tables. */
static void expect_frames(uint32_t count)
{
    LAB_EQUAL(lab_window_frames(), count, "window_frames()");
}

static void test_tables(void)
{
    LAB_EQUAL(lab_window_open(PLENTY), WINDOW_OK, "window_init()");
    for (uint32_t i = 0; i < TABLES; i++)
        LAB_EXPECT(lab_window_has_table(PAGE(i * 1024)),
                   "4 MiB number %u have no table", i);
    LAB_EQUAL(frames_free(), PLENTY - TABLES,
              "free frames after window_init()");
    expect_unmapped(0, TABLES * 1024); /* to the last entry of each */
    expect_frames(0);
}

/* Opened again while pages are mapped, and after it was closed. */
static void expect_open_again(void)
{
    open_window();
    move_end(0, 9);
    move_end(2, 1222);
    LAB_EQUAL(lab_window_open_again(), WINDOW_OK, "window_init(), again");
    expect_unmapped(0, TABLES * 1024);
    LAB_EQUAL(frames_free(), PLENTY - TABLES,
              "free frames after the second window_init()");
    expect_frames(0);
    lab_window_close();
    LAB_EQUAL(frames_free(), PLENTY, "free frames after window_close()");
    expect_frames(0);
    LAB_EQUAL(lab_window_open_again(), WINDOW_OK,
              "window_init() after window_close()");
    lab_window_place(2, PAGE(1000));
    move_end(2, 1001);
    expect_mapped(1000, 1001);
    lab_expect_sound();
    lab_window_close();
}

/* One half of the window after the other: the other half has no table. */
static void expect_half(uint32_t first)
{
    uint32_t other = 1024 - first;

    LAB_EQUAL(lab_window_open_part(first, first + 1024), WINDOW_OK,
              "window_init() with other ends");
    LAB_EXPECT(lab_window_has_table(PAGE(first)), "page %u has no table",
               first);
    LAB_EXPECT(!lab_window_has_table(PAGE(other)),
               "page %u, outside, still has a table", other);
    LAB_EQUAL(frames_free(), PLENTY - 1, "free frames, with one table");
    lab_window_place(2, PAGE(first + 100));
    move_end(2, first + 110);
    expect_mapped(first + 100, first + 110);
    expect_frames(10);
    lab_expect_sound();
}

static void expect_other_ends(void)
{
    open_window();
    move_end(0, 9);
    expect_half(0);
    LAB_EQUAL(lab_window_open_again(), WINDOW_OK, "window_init(), the whole");
    expect_half(1024);
    expect_half(0);
    expect_half(1024);
    lab_window_close();
    LAB_EQUAL(frames_free(), PLENTY, "free frames after window_close()");
}

static void test_map(void)
{
    uint32_t value = 1;

    open_window();
    move_end(2, 1010);
    expect_mapped(1000, 1010);
    expect_unmapped(990, 1000);
    expect_unmapped(1010, 1030);
    LAB_EQUAL(frames_free(), PLENTY - TABLES - 10, "free frames");
    LAB_EXPECT(lab_write(PAGE(1009), 7) && lab_read(PAGE(1009), &value),
               "the last page cannot be used");
    LAB_EQUAL(value, 7, "what was written");
    LAB_EXPECT(!lab_read(PAGE(1010), &value),
               "the page after them can be read");
    expect_frames(10);
}

/* Across the border between two tables. */
static void test_border(void)
{
    open_window();
    move_end(2, 1100);
    expect_mapped(1000, 1100);
    for (uint32_t i = 1000; i < 1100; i++)
        LAB_EXPECT(lab_write(PAGE(i), i), "page %u cannot be written", i);
    for (uint32_t i = 1000; i < 1100; i++) {
        uint32_t value = 0;

        lab_read(PAGE(i), &value);
        LAB_EQUAL(value, i, "each page has a frame of its own: what it shows");
    }
    expect_frames(100);
}

static void test_zero(void)
{
    uint32_t value;

    open_window();
    move_end(2, 1001);
    for (uint32_t at = 0; at < PAGE_BYTES; at += 4) {
        value = 1;
        lab_read(PAGE(1000) + at, &value);
        LAB_EQUAL(value, 0, "a word of the first page");
    }
    move_end(2, 1000);
    move_end(0, 41);
    for (uint32_t i = 1; i < 41; i++) {
        lab_write(PAGE(i) + 4 * i, 0xFEEDu);
        lab_write(PAGE(i) + PAGE_BYTES - 4, 0xFEEDu);
    }
    move_end(0, 1);
    move_end(2, 1060);
    for (uint32_t i = 1000; i < 1060; i++) {
        for (uint32_t at = 0; at < 4 * 41; at += 4) {
            value = 1;
            lab_read(PAGE(i) + at, &value);
            LAB_EQUAL(value, 0, "a word of a new page");
        }
        value = 1;
        lab_read(PAGE(i) + PAGE_BYTES - 4, &value);
        LAB_EQUAL(value, 0, "the last word of a new page");
    }
}

static void test_unmap(void)
{
    open_window();
    move_end(2, 1100);
    move_end(2, 1020);
    expect_mapped(1000, 1020);
    expect_unmapped(1020, 1101);
    LAB_EQUAL(frames_free(), PLENTY - TABLES - 20, "free frames");
    move_end(2, 1000);
    LAB_EQUAL(frames_free(), PLENTY - TABLES,
              "free frames, with nothing mapped");
    expect_frames(0);
}

/* When a page is unmapped, the TLB's copy of its entry has to go too. */
static void test_forget(void)
{
    uint32_t value;

    open_window();
    move_end(2, 1008);
    for (uint32_t i = 1000; i < 1008; i++)
        LAB_EXPECT(lab_read(PAGE(i), &value), "page %u cannot be read", i);
    move_end(2, 1003);
    for (uint32_t i = 1003; i < 1008; i++)
        LAB_EXPECT(!lab_read(PAGE(i), &value),
                   "page %u is unmapped, and the processor still finds it", i);
    move_end(1, 303); /* takes the frames that page 1003 and others had */
    lab_write(PAGE(300), 5);
    LAB_EXPECT(!lab_read(PAGE(1003), &value), "page 1003 is back");
}

static void test_ranges(void)
{
    open_window();
    for (uint32_t i = 1; i < 20; i++) {
        move_end(0, 1 + i * 7 % 12);
        move_end(1, 300 + i * 5 % 30);
        move_end(2, 1000 + i * 11 % 60);
        expect_unmapped(1 + i * 7 % 12, 14);
        expect_unmapped(300 + i * 5 % 30, 332);
        expect_unmapped(1000 + i * 11 % 60, 1062);
        LAB_EQUAL(frames_free(),
                  PLENTY - TABLES - i * 7 % 12 - i * 5 % 30 - i * 11 % 60,
                  "free frames");
        expect_frames(i * 7 % 12 + i * 5 % 30 + i * 11 % 60);
    }
}

/* With k frames for a step that needs 40: for each k. */
static void test_no_frame(void)
{
    open_window();
    move_end(2, 1010);
    for (uint32_t frames = 0; frames < 40; frames++) {
        lab_leave_frames(frames);
        LAB_EQUAL(lab_window_move_end(2, PAGE(1050)), WINDOW_NO_FRAMES,
                  "window_move_end() with too few frames");
        LAB_EQUAL(frames_free(), frames, "free frames after that");
        expect_mapped(1000, 1010);
        expect_unmapped(1010, 1051);
        expect_frames(10);
    }
    move_end(2, 1010); /* to where it is */
    LAB_EQUAL(frames_free(), 39, "free frames after no move");
    lab_leave_frames(40);
    move_end(2, 1050);
    LAB_EQUAL(frames_free(), 0, "free frames");
    expect_frames(50);
}

static void test_no_frame_for_tables(void)
{
    LAB_EQUAL(lab_window_open(TABLES - 1), WINDOW_NO_FRAMES,
              "window_init() with too few frames");
    LAB_EQUAL(frames_free(), TABLES - 1, "free frames after that");
    for (uint32_t i = 0; i < TABLES; i++)
        LAB_EXPECT(!lab_window_has_table(PAGE(i * 1024)),
                   "4 MiB number %u have a table", i);
}

static void test_close(void)
{
    uint32_t value;

    expect_open_again();
    expect_other_ends();
    open_window();
    move_end(0, 9);
    move_end(1, 333);
    move_end(2, 1222);
    lab_read(PAGE(1221), &value);
    lab_window_close();
    LAB_EQUAL(frames_free(), PLENTY, "free frames after window_close()");
    for (uint32_t i = 0; i < TABLES; i++)
        LAB_EXPECT(!lab_window_has_table(PAGE(i * 1024)),
                   "4 MiB number %u still have a table", i);
    LAB_EXPECT(!lab_read(PAGE(1221), &value), "a page can still be read");
}

static void test_heap(void)
{
    void **blocks = lab_scratch(MOST * sizeof *blocks);
    uint32_t count = 0, before;

    lab_grow_start(PLENTY);
    before = frames_free();
    for (uint32_t bytes = 0; bytes < (5u << 20); count++) {
        blocks[count] = lab_alloc(8 + count * 7919 % 3000);
        LAB_EXPECT(blocks[count], "NULL after %u bytes, with frames to be had",
                   bytes);
        bytes += count * 7919 % 3000;
    }
    lab_verify();
    for (uint32_t i = 0; i < count; i++)
        LAB_EQUAL(lab_free(blocks[i * 4001 % count]), HEAP_OK, "kfree()");
    lab_grow_trim();
    LAB_EQUAL(frames_free(), before, "free frames, with nothing allocated");
}

static void test_heap_full(void)
{
    void **blocks = lab_scratch(MOST * sizeof *blocks);
    uint32_t count = 0, before;

    lab_grow_start(300);
    before = frames_free();
    while (count < MOST && (blocks[count] = lab_alloc(2000)) != NULL)
        count++;
    LAB_EXPECT(count > 500, "only %u blocks of 2000 bytes in 290 frames",
               count);
    LAB_EQUAL(lab_alloc(100000), NULL, "100000 bytes more");
    lab_verify();
    for (uint32_t i = 0; i < count; i++)
        lab_free(blocks[i]);
    lab_grow_trim();
    LAB_EQUAL(frames_free(), before, "free frames, with nothing allocated");
}

static void test_stress(void)
{
    static const struct lab_stress stress = { 3000, 60000, 4096, true, true };
    uint32_t before;

    lab_grow_start(400);
    before = frames_free();
    lab_stress(&stress);
    lab_grow_trim();
    LAB_EQUAL(frames_free(), before, "free frames, with nothing allocated");
}

static const struct lab_test tests[] = {
    { "tables", 10, "A table for each 4 MiB of the window, before any page.",
      "Clear a table before you put it in the directory.", NULL, test_tables },
    { "map", 10, "Ten pages, and none after them.",
      "A page needs a frame, all zero, and the entry that shows it.", "tables",
      test_map },
    { "border", 5, "A hundred pages, across the border between two tables.",
      "entry_of() says which table an address belongs to.", "map",
      test_border },
    { "zero", 5, "New pages are zero, whatever their frames held before.",
      "Zero the frame through the direct map, before it is mapped.", "unmap",
      test_zero },
    { "unmap", 10, "Shorter again: every frame is free again.",
      "The entry goes first, then the frame.", "map", test_unmap },
    { "forget", 10, "The TLB keeps no page that is unmapped.",
      "arch_flush_page() for each page, before its frame is freed.", "unmap",
      test_forget },
    { "ranges", 5, "Three ranges grow and shrink, each by itself.",
      "Change the end of the range in step with its pages.", "unmap",
      test_ranges },
    { "no-frame", 15, "Too few frames, for each number of them: no change.",
      "After a failure, unmap the pages that were mapped before it.", "unmap",
      test_no_frame },
    { "no-table", 5, "Too few frames for the tables: no change.",
      "There is no frame for a table: what was made before has to go back.",
      "tables", test_no_frame_for_tables },
    { "close", 5, "Closed: no page, no table, every frame back.",
      "Unmap all ranges first; then the tables, the last one first.", "unmap",
      test_close },
    { "heap", 10, "5 MiB in blocks, and every frame back.",
      "The steps below are kmalloc's; make check TEST=no-frame first.", "unmap",
      test_heap },
    { "heap-full", 5, "A heap that takes the last frame, and still works.",
      "A request that fails has to leave all frames where they were.", "map",
      test_heap_full },
    { "stress", 5, "Random steps while frames are short.",
      "The steps below are the shortest that fail; draw them.", "map",
      test_stress },
};

const struct lab lab_grow = { "grow", "paging", tests,
                              sizeof tests / sizeof *tests };
