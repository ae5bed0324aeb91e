/* SPDX-License-Identifier: MIT */
/* Lab 2.  lab_walk() follows the tables as the processor does; it knows
 * nothing of page_translate(). */
#include "tests.h"

#include "lib/string.h"

#define PAGE_A 0x00401000u
#define PAGE_B 0x00402000u
#define PAGE_C 0x40000000u
#define WRITES (ENTRY_PRESENT | ENTRY_WRITABLE)

static struct page_table *directory;

static frame_t data(uint32_t i)
{
    return lab_data_frame(i);
}

static page_entry_t walk(uintptr_t page)
{
    return lab_walk(directory, page) & ~IGNORED;
}

static void map(uintptr_t page, uint32_t i, enum page_rights rights)
{
    LAB_EXPECT(lab_map(directory, page, data(i), rights) == PAGE_OK,
               "page_map(%#lx) fails", (unsigned long)page);
}

static void expect_shows(uintptr_t page, uint32_t i, uint32_t flags)
{
    LAB_EQUAL(walk(page), page_entry(data(i), flags),
              "the entry that the processor finds");
}

static void expect_nothing(uintptr_t page)
{
    LAB_EQUAL(walk(page), 0, "the entry of a page that is not mapped");
}

static void test_map(void)
{
    directory = lab_paging_start(TABLES);
    map(PAGE_A, 0, PAGE_WRITABLE);
    expect_shows(PAGE_A, 0, WRITES);
    map(PAGE_B, 1, PAGE_READ_ONLY);
    expect_shows(PAGE_B, 1, ENTRY_PRESENT);
    expect_shows(PAGE_A, 0, WRITES);
    map(PAGE_C, 2, PAGE_READ_ONLY);
    map(PAGE_C + PAGE_BYTES, 3, PAGE_WRITABLE);
    expect_shows(PAGE_C + PAGE_BYTES, 3, WRITES);
}

static void test_neighbours(void)
{
    static const uintptr_t pages[] = { 0x0,        0x1000,     0x3FF000,
                                       0x400000,   0x7FF000,   0x800000,
                                       0x7FC00000, 0x7FFFF000, 0x55555000,
                                       0x80000000, 0xBFFFF000, 0xC0000000,
                                       0xFFFFF000 };
    const uint32_t count = sizeof pages / sizeof *pages;

    directory = lab_paging_start(TABLES);
    for (uint32_t i = 0; i < count; i++) {
        expect_nothing(pages[i]);
        map(pages[i], i, PAGE_WRITABLE);
    }
    for (uint32_t i = 0; i < count; i++)
        expect_shows(pages[i], i, WRITES);
    expect_nothing(0x2000);
    expect_nothing(0x3FE000);
    expect_nothing(0x401000);
    expect_nothing(0x7FC01000);
    expect_nothing(0x80001000);
    expect_nothing(0xFFFFE000);
}

/* Two directories know nothing of each other, whichever is in force. */
static void expect_directories_apart(void)
{
    struct page_table *first, *second;
    frame_t frame = { 0 };

    directory = first = lab_paging_start(TABLES);
    second = frame_to_virt(lab_data_frame(LAB_DATA_FRAMES - 1));
    memset(second, 0, sizeof *second);
    map(PAGE_A, 1, PAGE_WRITABLE);
    lab_load(first);
    directory = second;
    expect_nothing(PAGE_A);
    map(PAGE_A, 2, PAGE_READ_ONLY);
    LAB_EQUAL(lab_unmap(second, PAGE_A, &frame), PAGE_OK, "page_unmap()");
    LAB_EQUAL(frame.number, data(2).number, "the frame it showed");
    directory = first;
    expect_shows(PAGE_A, 1, WRITES);
    directory = second;
    memset(second, 0, sizeof *second); /* a new one, in the same frame */
    expect_nothing(PAGE_A);
    map(PAGE_A, 3, PAGE_WRITABLE);
    expect_shows(PAGE_A, 3, WRITES);
}

/* Frames at both ends of 4 GiB, which are not looked into. */
static void expect_high_frames(void)
{
    static const uint32_t numbers[] = { 0, 1, 0x10000, 0x80000, 0xFFFFF };

    directory = lab_paging_start(TABLES);
    for (uint32_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        uintptr_t page = PAGE_C + i * PAGE_BYTES;
        frame_t frame = { numbers[i] }, found = { 77 };
        phys_t phys = { 0 };

        LAB_EQUAL(lab_map(directory, page, frame, PAGE_WRITABLE), PAGE_OK,
                  "page_map()");
        LAB_EQUAL(lab_translate(directory, page + 0xABC, &phys), true,
                  "page_translate()");
        LAB_EQUAL(phys.addr, numbers[i] * PAGE_BYTES + 0xABC, "where it leads");
        LAB_EQUAL(lab_protect(directory, page, PAGE_READ_ONLY), PAGE_OK,
                  "page_protect()");
        LAB_EQUAL(walk(page), page_entry(frame, ENTRY_PRESENT), "the entry");
        LAB_EQUAL(lab_unmap(directory, page, &found), PAGE_OK, "page_unmap()");
        LAB_EQUAL(found.number, numbers[i], "the frame it showed");
    }
}

static void test_translate(void)
{
    phys_t phys = { 77 };

    directory = lab_paging_start(TABLES);
    LAB_EQUAL(lab_translate(directory, PAGE_A, &phys), false,
              "page_translate() where there is no table");
    map(PAGE_A, 3, PAGE_READ_ONLY);
    LAB_EQUAL(lab_translate(directory, PAGE_B, &phys), false,
              "page_translate() where there is no page");
    LAB_EQUAL(phys.addr, 77, "*phys of a page that is not mapped");
    LAB_EQUAL(lab_translate(directory, PAGE_A, &phys), true,
              "page_translate() of a mapped page");
    LAB_EQUAL(phys.addr, frame_base(data(3)).addr, "its first byte");
    LAB_EQUAL(lab_translate(directory, PAGE_A + 0xFFF, &phys), true,
              "page_translate() of its last byte");
    LAB_EQUAL(phys.addr, frame_base(data(3)).addr + 0xFFF, "its last byte");
}

static void test_unmap(void)
{
    frame_t frame = { 0 };
    phys_t phys = { 0 };

    expect_directories_apart();
    directory = lab_paging_start(TABLES);
    map(PAGE_A, 1, PAGE_WRITABLE);
    map(PAGE_B, 2, PAGE_WRITABLE);
    LAB_EQUAL(lab_unmap(directory, PAGE_A, &frame), PAGE_OK, "page_unmap()");
    LAB_EQUAL(frame.number, data(1).number, "the frame it showed");
    expect_nothing(PAGE_A);
    expect_shows(PAGE_B, 2, WRITES);
    LAB_EQUAL(lab_translate(directory, PAGE_A, &phys), false,
              "page_translate() afterwards");
    LAB_EQUAL(lab_unmap(directory, PAGE_B, NULL), PAGE_OK,
              "page_unmap() with NULL for the frame");
    expect_nothing(PAGE_B);
    map(PAGE_A, 3, PAGE_READ_ONLY);
    expect_shows(PAGE_A, 3, ENTRY_PRESENT);
}

static void test_protect(void)
{
    directory = lab_paging_start(TABLES);
    map(PAGE_A, 1, PAGE_WRITABLE);
    map(PAGE_B, 2, PAGE_WRITABLE);
    LAB_EQUAL(lab_protect(directory, PAGE_A, PAGE_READ_ONLY), PAGE_OK,
              "page_protect()");
    expect_shows(PAGE_A, 1, ENTRY_PRESENT);
    expect_shows(PAGE_B, 2, WRITES);
    LAB_EQUAL(lab_protect(directory, PAGE_A, PAGE_WRITABLE), PAGE_OK,
              "page_protect()");
    expect_shows(PAGE_A, 1, WRITES);
    LAB_EQUAL(lab_protect(directory, PAGE_B, PAGE_WRITABLE), PAGE_OK,
              "page_protect() to what it is");
    expect_shows(PAGE_B, 2, WRITES);
}

static void test_errors(void)
{
    frame_t frame = data(9);

    expect_high_frames();
    directory = lab_paging_start(TABLES);
    map(PAGE_A, 1, PAGE_READ_ONLY);
    LAB_EQUAL(lab_map(directory, PAGE_A, data(2), PAGE_WRITABLE),
              PAGE_ALREADY_MAPPED, "page_map() of a mapped page");
    expect_shows(PAGE_A, 1, ENTRY_PRESENT);
    LAB_EQUAL(lab_map(directory, PAGE_B + 4, data(2), PAGE_WRITABLE),
              PAGE_MISALIGNED, "page_map() at page + 4");
    expect_nothing(PAGE_B);
    LAB_EQUAL(lab_unmap(directory, PAGE_B, &frame), PAGE_NOT_MAPPED,
              "page_unmap() of no page");
    LAB_EQUAL(lab_unmap(directory, PAGE_C, &frame), PAGE_NOT_MAPPED,
              "page_unmap() where there is no table");
    LAB_EQUAL(lab_unmap(directory, PAGE_A + 1, &frame), PAGE_MISALIGNED,
              "page_unmap() at page + 1");
    LAB_EQUAL(frame.number, data(9).number, "*frame after errors");
    LAB_EQUAL(lab_protect(directory, PAGE_B, PAGE_WRITABLE), PAGE_NOT_MAPPED,
              "page_protect() of no page");
    LAB_EQUAL(lab_protect(directory, PAGE_C, PAGE_WRITABLE), PAGE_NOT_MAPPED,
              "page_protect() where there is no table");
    LAB_EQUAL(lab_protect(directory, PAGE_A + 8, PAGE_WRITABLE),
              PAGE_MISALIGNED, "page_protect() at page + 8");
    LAB_EQUAL(lab_map(directory, PAGE_A + 4, data(2), PAGE_WRITABLE),
              PAGE_MISALIGNED, "page_map() at a mapped page + 4");
    LAB_EQUAL(lab_unmap(directory, PAGE_C + 4, NULL), PAGE_MISALIGNED,
              "page_unmap() at page + 4 where there is no table");
    LAB_EQUAL(lab_protect(directory, PAGE_C + 4, PAGE_WRITABLE),
              PAGE_MISALIGNED, "page_protect() at page + 4, with no table");
    expect_shows(PAGE_A, 1, ENTRY_PRESENT);
    expect_nothing(PAGE_B);
}

static void test_tables(void)
{
    uint32_t used;

    directory = lab_paging_start(TABLES);
    used = frame_counts().used;
    map(PAGE_A, 1, PAGE_WRITABLE);
    LAB_EQUAL(frame_counts().used, used + 1, "frames after the first page");
    map(PAGE_B, 2, PAGE_WRITABLE);
    LAB_EQUAL(frame_counts().used, used + 1,
              "frames after a second page in the same 4 MiB");
    map(PAGE_C, 3, PAGE_WRITABLE);
    LAB_EQUAL(frame_counts().used, used + 2, "frames after a page elsewhere");
    lab_map(directory, PAGE_C, data(4), PAGE_WRITABLE);
    lab_map(directory, 0x60000001u, data(4), PAGE_WRITABLE);
    lab_unmap(directory, 0x70000000u, NULL);
    LAB_EQUAL(frame_counts().used, used + 2, "frames after three errors");
}

static void test_no_memory(void)
{
    static struct page_table before;

    directory = lab_paging_start(1);
    map(PAGE_A, 1, PAGE_WRITABLE);
    before = *directory;
    LAB_EQUAL(lab_map(directory, PAGE_C, data(2), PAGE_WRITABLE),
              PAGE_NO_MEMORY, "page_map() without a frame for a table");
    LAB_EXPECT(memcmp(&before, directory, sizeof before) == 0,
               "page_map() changes the directory, although it fails");
    map(PAGE_B, 2, PAGE_WRITABLE);
    expect_shows(PAGE_B, 2, WRITES);
}

/* A new table is empty, whatever its frame had before. */
static void test_clean_table(void)
{
    static frame_t frames[TABLES];
    uint32_t count = 0;

    directory = lab_paging_start(TABLES);
    while (count < TABLES && (frames[count] = frame_alloc()).number != 0)
        memset(frame_to_virt(frames[count++]), 0xFF, PAGE_BYTES);
    while (count > 0)
        frame_free(frames[--count]);
    map(PAGE_C, 1, PAGE_WRITABLE);
    expect_shows(PAGE_C, 1, WRITES);
    for (uintptr_t page = PAGE_C + PAGE_BYTES; page < PAGE_C + LARGE_PAGE_BYTES;
         page += PAGE_BYTES)
        expect_nothing(page);
}

/* The boot directory has these, and no function changes them. */
static void test_large(void)
{
    page_entry_t entry = 0x00800000u | WRITES | ENTRY_LARGE;
    frame_t frame;
    phys_t phys = { 0 };

    directory = lab_paging_start(TABLES);
    map(PAGE_A, 1, PAGE_WRITABLE);
    directory->entries[directory_index(PAGE_C)] = entry;
    LAB_EQUAL(lab_map(directory, PAGE_C + PAGE_BYTES, data(2), PAGE_WRITABLE),
              PAGE_ALREADY_MAPPED, "page_map() in a page of 4 MiB");
    LAB_EQUAL(lab_map(directory, PAGE_C + 4, data(2), PAGE_WRITABLE),
              PAGE_MISALIGNED, "page_map() at 4 bytes in a page of 4 MiB");
    LAB_EQUAL(lab_unmap(directory, PAGE_C, &frame), PAGE_NOT_MAPPED,
              "page_unmap() in a page of 4 MiB");
    LAB_EQUAL(lab_protect(directory, PAGE_C, PAGE_READ_ONLY), PAGE_NOT_MAPPED,
              "page_protect() in a page of 4 MiB");
    LAB_EQUAL(directory->entries[directory_index(PAGE_C)], entry,
              "the directory's entry");
    LAB_EQUAL(lab_translate(directory, PAGE_C + 0x123456, &phys), true,
              "page_translate() in a page of 4 MiB");
    LAB_EQUAL(phys.addr, 0x00923456u, "where it leads");
    directory->entries[directory_index(PAGE_C)] = entry | 0xFFC00000u;
    LAB_EQUAL(lab_translate(directory, PAGE_C + 0x3FFFFF, &phys), true,
              "page_translate() in the last page of 4 MiB");
    LAB_EQUAL(phys.addr, UINT32_MAX, "where its last byte leads");
}

/* Tells the data frames apart. */
static void number_data(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        *(uint32_t *)frame_to_virt(data(i)) = i + 100;
}

static uint32_t read(uintptr_t address)
{
    uint32_t value = 0;

    LAB_EXPECT(lab_read(address, &value), "reading %#lx faults",
               (unsigned long)address);
    return value;
}

static void test_tlb(void)
{
    directory = lab_paging_start(TABLES);
    number_data(4);
    map(PAGE_A, 1, PAGE_WRITABLE);
    lab_load(directory);
    LAB_EQUAL(read(PAGE_A), 101, "what the processor reads");
    LAB_EQUAL(lab_unmap(directory, PAGE_A, NULL), PAGE_OK, "page_unmap()");
    map(PAGE_A, 2, PAGE_WRITABLE);
    LAB_EQUAL(read(PAGE_A), 102,
              "what the processor reads after unmap and map");
}

static void test_tlb_rights(void)
{
    directory = lab_paging_start(TABLES);
    number_data(4);
    map(PAGE_A, 1, PAGE_WRITABLE);
    lab_load(directory);
    LAB_EXPECT(lab_write(PAGE_A, 5), "writing to a writable page faults");
    LAB_EQUAL(entry_frame(lab_walk(directory, PAGE_A)).number, data(1).number,
              "the frame of a page that was used");
    LAB_EQUAL(lab_protect(directory, PAGE_A, PAGE_READ_ONLY), PAGE_OK,
              "page_protect()");
    LAB_EXPECT(!lab_write(PAGE_A, 6),
               "the page is read-only, and the processor still writes to it");
    LAB_EQUAL(read(PAGE_A), 5, "what the processor reads");
}

static const struct lab_test tests[] = {
    { "map", 10, "Maps two pages and looks at what the processor finds.",
      "The entry is frame, rights and ENTRY_PRESENT; the directory's too.",
      NULL, test_map },
    { "neighbours", 10, "Pages at both sides of each border between tables.",
      "directory_index() and table_index() cut the address; arch.h draws it.",
      "map", test_neighbours },
    { "translate", 10, "From an address to the byte it stands for.",
      "The offset in the page is kept; no table and no page are both false.",
      "map", test_translate },
    { "unmap", 10, "Takes mappings away and reports their frames.",
      "Read the frame before the entry is cleared; frame may be NULL.", "map",
      test_unmap },
    { "protect", 10, "Changes the rights of a page and nothing else.",
      "Clear ENTRY_WRITABLE first, then set what is asked for.", "map",
      test_protect },
    { "errors", 10, "Wrong calls are refused, by name, and change nothing.",
      "paging.h says which error means what; check before you write.", "map",
      test_errors },
    { "tables", 5, "One frame a table, and no table for a call that fails.",
      "Look for an error before a table is added.", "map", test_tables },
    { "no-memory", 10, "No frame for a table: an error, and nothing changes.",
      "new_table() returns NULL; the directory must not be touched then.",
      "map", test_no_memory },
    { "clean-table", 5, "A new table maps nothing but the page.",
      "A frame still has its old bytes: clear it to make it a table.", "map",
      test_clean_table },
    { "large", 5, "Leaves the boot directory's pages of 4 MiB alone.",
      "in_large_page() recognises them; they have no table.", "map",
      test_large },
    { "tlb", 5, "The TLB keeps no page that was unmapped.",
      "The TLB keeps translations: forget() after the entry has changed.",
      "unmap", test_tlb },
    { "tlb-rights", 5, "The processor notices that a page is read-only.",
      "The TLB keeps a page's rights, too: forget() after they have changed.",
      "protect", test_tlb_rights },
    { "random", 5, "2000 random steps, against one entry a page.",
      "The steps below are the shortest that fail; do them on paper.", "errors",
      test_paging_random },
};

const struct lab lab_paging = { "paging", "boot", tests,
                                sizeof tests / sizeof *tests };
