/* SPDX-License-Identifier: MIT */
/* The window on a machine whose tables work: what it maps can be used, what it
 * does not map faults, and both checkers notice when it is not so.
 */
#include "harness.h"
#include "mmu.h"

#include "mm/frames/frames.h"
#include "mm/grow/window.h"
#include "mm/grow/window_private.h"

#include <string.h>

#define MEMORY (8u << 20)
#define WINDOW (8u << 20)

static struct page_range range;

static uintptr_t page_at(uint32_t number)
{
    return range.begin + number * PAGE_BYTES;
}

/* Three empty ranges, at pages 1, 10 and 20. */
static void start(void)
{
    range = mmu_start(MEMORY, WINDOW);
    CHECK_EQ(window_init(range.begin, range.end), WINDOW_OK);
    window_place(0, page_at(1));
    window_place(1, page_at(10));
    window_place(2, page_at(20));
    CHECK_SOUND(window_check());
    CHECK_SOUND(paging_check());
}

/* With pages 1, 10 and 11, and 20 to 22. */
static void start_mapped(void)
{
    start();
    CHECK_EQ(window_move_end(0, page_at(2)), WINDOW_OK);
    CHECK_EQ(window_move_end(1, page_at(12)), WINDOW_OK);
    CHECK_EQ(window_move_end(2, page_at(23)), WINDOW_OK);
    CHECK_SOUND(window_check());
    CHECK_SOUND(paging_check());
}

static page_entry_t *entry_at(uint32_t number)
{
    return &window.tables[0]->entries[number];
}

static void expect(struct violation violation, const char *name,
                   uintptr_t address)
{
    CHECK(!is_sound(violation));
    if (strncmp(violation.invariant, name, strlen(name)) != 0)
        test_fail(__FILE__, __LINE__, "\"%s\", expected %s",
                  violation.invariant, name);
    CHECK_EQ(violation.address, address);
}

TEST(window_takes_its_tables_at_once_and_no_others)
{
    uint32_t used;

    range = mmu_start(MEMORY, WINDOW);
    used = frame_counts().used;
    CHECK_EQ(window_init(range.begin, range.end), WINDOW_OK);
    CHECK_EQ(frame_counts().used, used + 2);
    window_place(2, page_at(100));
    CHECK_EQ(window_move_end(2, page_at(1600)), WINDOW_OK);
    CHECK_EQ(frame_counts().used, used + 2 + 1500);
    CHECK_EQ(window_frames(), 1500);
    CHECK_SOUND(paging_check());
    CHECK_EQ(window_move_end(2, page_at(100)), WINDOW_OK);
    CHECK_EQ(frame_counts().used, used + 2);
    window_close();
    CHECK_EQ(frame_counts().used, used);
    CHECK_SOUND(paging_check());
}

TEST(window_pages_are_memory_of_their_own)
{
    start();
    CHECK_EQ(window_move_end(2, page_at(60)), WINDOW_OK);
    for (uint32_t i = 20; i < 60; i++) {
        uint8_t *bytes = (uint8_t *)page_at(i);

        for (uint32_t at = 0; at < PAGE_BYTES; at++)
            CHECK_EQ(bytes[at], 0);
        memset(bytes, (int)i, PAGE_BYTES);
    }
    for (uint32_t i = 20; i < 60; i++) {
        phys_t phys;

        CHECK(page_translate(kernel_directory(), page_at(i), &phys));
        CHECK_EQ(*(uint8_t *)phys_to_virt(phys), i);
        CHECK_EQ(((uint8_t *)page_at(i))[PAGE_BYTES - 1], i);
    }
}

TEST(window_faults_wherever_nothing_is_mapped)
{
    start_mapped();
    CHECK(mmu_faults(range.begin));
    CHECK(mmu_faults(page_at(1) - 1));
    CHECK(!mmu_faults(page_at(1)));
    CHECK(!mmu_faults(page_at(2) - 1));
    CHECK(mmu_faults(page_at(2)));
    CHECK(!mmu_faults(page_at(23) - 1));
    CHECK(mmu_faults(page_at(23)));
    CHECK(mmu_faults(range.end - 1));
    CHECK_EQ(window_move_end(2, page_at(21)), WINDOW_OK);
    CHECK(!mmu_faults(page_at(21) - 1));
    CHECK(mmu_faults(page_at(21))); /* was used, and is forgotten */
    CHECK(mmu_faults(page_at(22)));
}

TEST(window_without_frames_for_tables_is_none)
{
    struct frame_counts before;

    range = mmu_start(MEMORY, WINDOW);
    for (uint32_t left = 0; left < 2; left++) {
        mmu_leave_frames(left);
        before = frame_counts();
        CHECK_EQ(window_init(range.begin, range.end), WINDOW_NO_FRAMES);
        CHECK_EQ(frame_counts().free, before.free);
        CHECK_SOUND(paging_check());
        CHECK_SOUND(frames_check());
    }
    mmu_leave_frames(2);
    CHECK_EQ(window_init(range.begin, range.end), WINDOW_OK);
}

TEST(window_grows_by_all_or_nothing)
{
    start_mapped();
    memset((void *)page_at(22), 0x5A, PAGE_BYTES);
    for (uint32_t left = 0; left < 40; left++) {
        mmu_leave_frames(left);
        CHECK_EQ(window_move_end(2, page_at(23 + left + 1)), WINDOW_NO_FRAMES);
        CHECK_EQ(frame_counts().free, left);
        CHECK_EQ(window_frames(), 6);
        CHECK_EQ(((uint8_t *)page_at(22))[7], 0x5A);
        CHECK(mmu_faults(page_at(23)));
        CHECK_SOUND(window_check());
        CHECK_SOUND(frames_check());
        CHECK_SOUND(paging_check());
    }
    mmu_leave_frames(40);
    CHECK_EQ(window_move_end(2, page_at(63)), WINDOW_OK);
    CHECK_EQ(frame_counts().free, 0);
}

TEST(window_opened_again_is_empty_and_keeps_its_tables)
{
    struct frame_counts counts;

    start();
    counts = frame_counts();
    start_mapped();
    CHECK_EQ(window_init(range.begin, range.end), WINDOW_OK);
    CHECK_EQ(window_frames(), 0);
    CHECK_EQ(frame_counts().used, counts.used);
    CHECK_SOUND(window_check());
    CHECK_SOUND(paging_check());
}

/* The findings of paging's checker in the window. */

TEST(window_checked_by_paging_unknown_page)
{
    start_mapped();
    *entry_at(5) = page_entry(frame_alloc(), ENTRY_PRESENT | ENTRY_WRITABLE);
    expect(paging_check(), "I4", page_at(5));
    *entry_at(5) = 0;
    CHECK_SOUND(paging_check());
    window.tables[1]->entries[1023] =
        page_entry(frame_alloc(), ENTRY_PRESENT | ENTRY_WRITABLE);
    expect(paging_check(), "I4", range.end - PAGE_BYTES);
}

TEST(window_checked_by_paging_missing_page_and_rights)
{
    start_mapped();
    *entry_at(11) &= ~(page_entry_t)ENTRY_WRITABLE;
    expect(paging_check(), "I3", page_at(11));
    *entry_at(11) |= ENTRY_WRITABLE | ENTRY_ACCESSED | ENTRY_DIRTY;
    CHECK_SOUND(paging_check());
    *entry_at(11) = 0;
    expect(paging_check(), "I2", page_at(11));
}

TEST(window_checked_by_paging_frames)
{
    page_entry_t saved;

    start_mapped();
    saved = *entry_at(21);
    *entry_at(21) = *entry_at(1); /* two pages, one frame */
    expect(paging_check(), "I6", page_at(21));
    *entry_at(21) = page_entry(frame_of(virt_to_phys(window.tables[1])),
                               ENTRY_PRESENT | ENTRY_WRITABLE);
    expect(paging_check(), "I6", page_at(21));
    *entry_at(21) = page_entry(frame_of(virt_to_phys(kernel_directory())),
                               ENTRY_PRESENT | ENTRY_WRITABLE);
    expect(paging_check(), "I6", page_at(21));
    *entry_at(21) = page_entry((frame_t){ 3 }, ENTRY_PRESENT | ENTRY_WRITABLE);
    expect(paging_check(), "I6", page_at(21)); /* reserved */
    *entry_at(21) =
        page_entry((frame_t){ 1u << 19 }, ENTRY_PRESENT | ENTRY_WRITABLE);
    expect(paging_check(), "I6", page_at(21)); /* no such frame */
    *entry_at(21) = saved;
    CHECK_SOUND(paging_check());
    frame_free(entry_frame(saved));
    expect(paging_check(), "I6", page_at(21));
}

/* And its own. */

TEST(window_check_names_what_is_broken)
{
    page_entry_t saved;

    start_mapped();
    saved = kernel_directory()->entries[directory_index(range.begin)];
    kernel_directory()->entries[directory_index(range.begin)] ^= 0x1000;
    expect(window_check(), "W1", range.begin);
    kernel_directory()->entries[directory_index(range.begin)] = saved;
    *entry_at(30) = 0x1000;
    expect(window_check(), "W2", page_at(30));
    *entry_at(30) = 0;
    saved = *entry_at(20);
    *entry_at(20) = 0;
    expect(window_check(), "W2", page_at(20));
    *entry_at(20) = saved;
    window.pages.mapped[1].end = page_at(21);
    expect(window_check(), "W3", page_at(20));
    window.pages.mapped[1].end = page_at(12);
    window.frames--;
    expect(window_check(), "W4", range.begin);
    window.frames++;
    CHECK_SOUND(window_check());
}
