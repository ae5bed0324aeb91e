/* SPDX-License-Identifier: MIT */
/* The four operations of paging, on a directory of their own.  The test plays
 * the processor: it walks tables by the manual and remembers what it saw until
 * it is told to forget.
 */
#include "harness.h"
#include "layouts.h"

#include "lib/random.h"
#include "mm/frames/frames.h"
#include "mm/paging/paging.h"
#include "processor.h"

#include <string.h>

#define PLAY_BYTES (8 * MIB)

/* Old contents everywhere, so that a table that is not cleared is noticed. */
static struct page_table *start_machine(void)
{
    void *memory = play_physical_memory(PLAY_BYTES);
    struct page_table *directory;

    memset(memory, 0xFF, PLAY_BYTES);
    layout_begin(PLAY_BYTES);
    add_available(0, PLAY_BYTES);
    add_in_use(0, MIB);
    frames_init(&layout);
    processor_reset();
    directory = frame_to_virt(frame_alloc());
    memset(directory, 0, sizeof *directory);
    return directory;
}

static const frame_t frame_a = { 0x12345 }, frame_b = { 0xFFFFF };

TEST(paging_map_shows_the_frame_and_nothing_else)
{
    const uintptr_t pages[] = { 0,           0x1000,      0x3FF000,   0x400000,
                                0x7FFFF000u, 0xC0000000u, 0xFFFFF000u };

    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        struct page_table *directory = start_machine();
        phys_t phys = { 77 };
        uint32_t mapped = 0;

        CHECK(!page_translate(directory, pages[i], &phys));
        CHECK_EQ(phys.addr, 77);
        CHECK_EQ(page_map(directory, pages[i], frame_a, PAGE_WRITABLE),
                 PAGE_OK);
        CHECK(page_translate(directory, pages[i], &phys));
        CHECK_EQ(phys.addr, 0x12345000u);
        CHECK(page_translate(directory, pages[i] + 0xABC, &phys));
        CHECK_EQ(phys.addr, 0x12345ABCu);
        CHECK_EQ(processor_walk(directory, pages[i]),
                 0x12345000u | ENTRY_PRESENT | ENTRY_WRITABLE);
        for (uint32_t page = 0; page < 1u << 20; page++)
            mapped += processor_walk(directory, page << PAGE_SHIFT) != 0;
        CHECK_EQ(mapped, 1);
    }
}

TEST(paging_read_only_and_the_last_frame)
{
    struct page_table *directory = start_machine();

    CHECK_EQ(page_map(directory, 0x5000, frame_b, PAGE_READ_ONLY), PAGE_OK);
    CHECK_EQ(processor_walk(directory, 0x5000), 0xFFFFF000u | ENTRY_PRESENT);
    CHECK_PANICS(
        page_map(directory, 0x6000, FRAME_NOT_WRITTEN, PAGE_READ_ONLY));
    CHECK_PANICS(
        page_map(directory, 0x6000, (frame_t){ 1u << 20 }, PAGE_READ_ONLY));
}

TEST(paging_tables_are_made_when_needed)
{
    struct page_table *directory = start_machine();
    uint32_t used = frame_counts().used;

    CHECK_EQ(page_map(directory, 0x400000, frame_a, PAGE_WRITABLE), PAGE_OK);
    CHECK_EQ(frame_counts().used, used + 1);
    CHECK_EQ(page_map(directory, 0x7FF000, frame_a, PAGE_WRITABLE), PAGE_OK);
    CHECK_EQ(frame_counts().used, used + 1);
    CHECK_EQ(page_map(directory, 0x3FF000, frame_a, PAGE_WRITABLE), PAGE_OK);
    CHECK_EQ(page_map(directory, 0x800000, frame_a, PAGE_WRITABLE), PAGE_OK);
    CHECK_EQ(frame_counts().used, used + 3);
    CHECK_EQ(page_unmap(directory, 0x800000, NULL), PAGE_OK);
    CHECK_EQ(frame_counts().used, used + 3);
    CHECK_EQ(page_map(directory, 0x801000, frame_a, PAGE_WRITABLE), PAGE_OK);
    CHECK_EQ(frame_counts().used, used + 3);
}

TEST(paging_unmap_gives_the_frame_back_to_the_caller)
{
    struct page_table *directory = start_machine();
    frame_t frame = { 5 };
    phys_t phys;

    CHECK_EQ(page_unmap(directory, 0x1000, &frame), PAGE_NOT_MAPPED);
    page_map(directory, 0x1000, frame_a, PAGE_WRITABLE);
    CHECK_EQ(page_unmap(directory, 0x2000, &frame), PAGE_NOT_MAPPED);
    CHECK_EQ(page_unmap(directory, 0x1001, &frame), PAGE_MISALIGNED);
    CHECK_EQ(frame.number, 5);
    CHECK_EQ(page_unmap(directory, 0x1000, &frame), PAGE_OK);
    CHECK_EQ(frame.number, frame_a.number);
    CHECK(!page_translate(directory, 0x1000, &phys));
    CHECK_EQ(page_unmap(directory, 0x1000, &frame), PAGE_NOT_MAPPED);
    CHECK_EQ(page_map(directory, 0x1000, frame_b, PAGE_WRITABLE), PAGE_OK);
}

TEST(paging_map_refuses_what_it_must)
{
    struct page_table *directory = start_machine();
    uint32_t used = frame_counts().used;

    CHECK_EQ(page_map(directory, 1, frame_a, PAGE_WRITABLE), PAGE_MISALIGNED);
    CHECK_EQ(page_map(directory, 0xFFFFFFFFu, frame_a, PAGE_WRITABLE),
             PAGE_MISALIGNED);
    CHECK_EQ(frame_counts().used, used);
    page_map(directory, 0x1000, frame_a, PAGE_READ_ONLY);
    CHECK_EQ(page_map(directory, 0x1000, frame_b, PAGE_WRITABLE),
             PAGE_ALREADY_MAPPED);
    CHECK_EQ(page_map(directory, 0x1000, frame_a, PAGE_READ_ONLY),
             PAGE_ALREADY_MAPPED);
    CHECK_EQ(processor_walk(directory, 0x1000), 0x12345000u | ENTRY_PRESENT);
}

TEST(paging_protect_changes_the_right_alone)
{
    struct page_table *directory = start_machine();
    const page_entry_t seen = ENTRY_PRESENT | ENTRY_ACCESSED | ENTRY_DIRTY;
    struct page_table *table;

    CHECK_EQ(page_protect(directory, 0x1000, PAGE_WRITABLE), PAGE_NOT_MAPPED);
    page_map(directory, 0x1000, frame_a, PAGE_WRITABLE);
    CHECK_EQ(page_protect(directory, 0x2000, PAGE_WRITABLE), PAGE_NOT_MAPPED);
    CHECK_EQ(page_protect(directory, 0x1004, PAGE_READ_ONLY), PAGE_MISALIGNED);
    table = frame_to_virt(entry_frame(directory->entries[0]));
    table->entries[1] |= seen; /* the processor has used it */
    CHECK_EQ(page_protect(directory, 0x1000, PAGE_READ_ONLY), PAGE_OK);
    CHECK_EQ(table->entries[1], 0x12345000u | seen);
    CHECK_EQ(page_protect(directory, 0x1000, PAGE_WRITABLE), PAGE_OK);
    CHECK_EQ(table->entries[1], 0x12345000u | seen | ENTRY_WRITABLE);
    CHECK_EQ(table->entries[0], 0);
    CHECK_EQ(table->entries[2], 0);
}

TEST(paging_out_of_frames_changes_nothing)
{
    struct page_table *directory = start_machine();
    struct page_table before;

    page_map(directory, 0x1000, frame_a, PAGE_WRITABLE);
    while (frame_alloc().number != 0)
        continue;
    before = *directory;
    CHECK_EQ(page_map(directory, 0x400000, frame_a, PAGE_WRITABLE),
             PAGE_NO_MEMORY);
    CHECK(memcmp(&before, directory, sizeof before) == 0);
    CHECK_EQ(page_map(directory, 0x2000, frame_a, PAGE_WRITABLE), PAGE_OK);
    CHECK_SOUND(frames_check());
}

TEST(paging_large_pages_are_followed_and_left_alone)
{
    struct page_table *directory = start_machine();
    frame_t frame = { 5 };
    phys_t phys;

    directory->entries[0x300] =
        0x00800000u | ENTRY_PRESENT | ENTRY_WRITABLE | ENTRY_LARGE;
    CHECK(page_translate(directory, 0xC0000000u, &phys));
    CHECK_EQ(phys.addr, 0x00800000u);
    CHECK(page_translate(directory, 0xC03FFFFFu, &phys));
    CHECK_EQ(phys.addr, 0x00BFFFFFu);
    CHECK(!page_translate(directory, 0xC0400000u, &phys));
    CHECK_EQ(page_map(directory, 0xC0001000u, frame_a, PAGE_WRITABLE),
             PAGE_ALREADY_MAPPED);
    CHECK_EQ(page_unmap(directory, 0xC0001000u, &frame), PAGE_NOT_MAPPED);
    CHECK_EQ(page_protect(directory, 0xC0001000u, PAGE_READ_ONLY),
             PAGE_NOT_MAPPED);
    CHECK_EQ(frame.number, 5);
    CHECK_EQ(directory->entries[0x300], 0x00800083u);
}

/* The calls that the processor gets. */

TEST(paging_tells_the_processor_of_the_loaded_directory_only)
{
    struct page_table *directory = start_machine();

    page_map(directory, 0x1000, frame_a, PAGE_WRITABLE);
    page_protect(directory, 0x1000, PAGE_READ_ONLY);
    page_unmap(directory, 0x1000, NULL);
    CHECK_EQ(processor.flushes, 0);

    arch_load_directory(virt_to_phys(directory));
    page_map(directory, 0x1000, frame_a, PAGE_WRITABLE);
    page_map(directory, 0x80001000u, frame_a, PAGE_WRITABLE);
    page_map(directory, 0x80001000u, frame_a, PAGE_WRITABLE);
    page_unmap(directory, 0x3000, NULL);
    CHECK_EQ(processor.flushes, 0);
    page_protect(directory, 0x80001000u, PAGE_READ_ONLY);
    CHECK_EQ(processor.flushes, 1);
    CHECK_EQ(processor.last_page, 0x80001000u);
    CHECK_EQ(processor.entry_then, 0x12345000u | ENTRY_PRESENT);
    page_unmap(directory, 0x1000, NULL);
    CHECK_EQ(processor.flushes, 2);
    CHECK_EQ(processor.last_page, 0x1000);
    CHECK_EQ(processor.entry_then, 0); /* changed first, forgotten then */
}

/* Random operations against one entry a page, and a processor that remembers
 * whatever it was shown. */

#define RANDOM_PAGES 64

/* Two pages at each end of a table's 4 MiB, so that neighbours mix. */
static uintptr_t random_page(uint32_t i)
{
    return (uintptr_t)(i / 4) * 0x10000000u + (i % 4) * 0x1000u - 0x2000u;
}

static void random_operation(struct page_table *directory, uint32_t i,
                             page_entry_t *model, struct random *random)
{
    enum page_rights rights =
        random_below(random, 2) ? PAGE_WRITABLE : PAGE_READ_ONLY;
    frame_t frame = { random_below(random, 1u << 20) };
    bool mapped = *model != 0;

    switch (random_below(random, 3)) {
    case 0:
        CHECK_EQ(page_map(directory, random_page(i), frame, rights),
                 mapped ? PAGE_ALREADY_MAPPED : PAGE_OK);
        if (!mapped)
            *model = page_entry(frame, rights | ENTRY_PRESENT);
        break;
    case 1:
        CHECK_EQ(page_unmap(directory, random_page(i), &frame),
                 mapped ? PAGE_OK : PAGE_NOT_MAPPED);
        if (mapped)
            CHECK_EQ(frame.number, *model >> PAGE_SHIFT);
        *model = 0;
        break;
    case 2:
        CHECK_EQ(page_protect(directory, random_page(i), rights),
                 mapped ? PAGE_OK : PAGE_NOT_MAPPED);
        if (mapped)
            *model = (*model & ~(page_entry_t)ENTRY_WRITABLE) | rights;
        break;
    }
}

TEST(paging_random_against_a_model_and_a_tlb)
{
    static page_entry_t model[RANDOM_PAGES], tlb[RANDOM_PAGES];
    struct page_table *directory = start_machine();
    struct random random;

    arch_load_directory(virt_to_phys(directory));
    random_seed(&random, test_seed(5));
    for (int step = 0; step < 20000; step++) {
        uint32_t i = random_below(&random, RANDOM_PAGES);
        uint32_t used = random_below(&random, RANDOM_PAGES);
        uint32_t flushes = processor.flushes;

        random_operation(directory, i, &model[i], &random);
        if (processor.flushes != flushes) {
            CHECK_EQ(processor.last_page, random_page(i));
            tlb[i] = 0;
        }
        tlb[used] = processor_walk(directory, random_page(used));
        for (i = 0; i < RANDOM_PAGES; i++) {
            page_entry_t found = processor_walk(directory, random_page(i));

            CHECK_EQ(found, model[i]);
            CHECK(tlb[i] == 0 || tlb[i] == found);
        }
    }
}

TEST(paging_errors_have_words)
{
    for (int i = PAGE_OK; i <= PAGE_NO_MEMORY; i++)
        CHECK(strcmp(page_error_text((enum page_error)i), "unknown error"));
    CHECK_TEXT(page_error_text((enum page_error)77), "unknown error");
}
