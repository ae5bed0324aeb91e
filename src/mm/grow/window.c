/* SPDX-License-Identifier: MIT */
/* Mapping that cannot call itself.
 *
 *     kmalloc -> no room -> map a page -> needs a table -> needs memory -> ?
 *
 * The circle is cut at the table: all tables of the window are made when it is
 * opened, 4 KiB for each 4 MiB of it.  From then on page_map() of lab 2 finds a
 * table for each page; only the frame can be missing.
 *
 *     begin                                                             end
 *     |    | range 0 |            | range 1 |       | range 2 |          |
 *      none  mapped ->    none      mapped ->  none   mapped ->    none
 *
 * A page outside the ranges is not mapped, so the page after each end is a
 * guard.
 *
 * W1: each 4 MiB of the window have a table, the one that the directory names.
 * W2: exactly the pages of the ranges are mapped; they may be written.
 * W3: the ranges are in the window, in order, apart from each other.
 * W4: as many frames are held as the ranges have pages.
 *
 * Frames need not be neighbours: paging makes a run of pages from any frames.
 */
#include "mm/grow/window.h"

#include "lib/string.h"
#include "mm/frames/frames.h"
#include "mm/grow/window_private.h"

struct window window;

/* Maps `page` on a zeroed frame; false if there is no frame. */
static bool page_add(uintptr_t page)
{
    /* LAB 8 BEGIN: return false; */
    frame_t frame = frame_alloc();

    if (frame.number == FRAME_NONE.number ||
        frame.number == FRAME_NOT_WRITTEN.number)
        return false;
    memset(frame_to_virt(frame), 0, PAGE_BYTES);
    if (page_map(kernel_directory(), page, frame, PAGE_WRITABLE) != PAGE_OK) {
        frame_free(frame);
        return false;
    }
    window.frames++;
    return true;
    /* LAB 8 END */
}

/* Unmaps `page` and frees its frame.  page_unmap() makes the TLB drop the page,
 * which must come before another caller can get the frame. */
static void page_remove(uintptr_t page)
{
    /* LAB 8 BEGIN */
    frame_t frame;

    if (page_unmap(kernel_directory(), page, &frame) != PAGE_OK)
        return;
    frame_free(frame);
    window.frames--;
    /* LAB 8 END */
}

void window_place(unsigned index, uintptr_t page)
{
    struct page_range *range = &window.pages.mapped[index];

    ASSERT_BELOW(index, WINDOW_RANGES);
    ASSERT_EQ(range->begin, range->end);
    ASSERT(is_page_aligned(page));
    ASSERT_BELOW(page - window.pages.all.begin,
                 window.pages.all.end - window.pages.all.begin);
    *range = (struct page_range){ page, page };
}

enum window_result window_move_end(unsigned index, uintptr_t end)
{
    /* LAB 8 BEGIN: return WINDOW_NOT_WRITTEN; */
    struct page_range *range = &window.pages.mapped[index];
    uintptr_t before = range->end;
    bool enough;

    ASSERT(is_page_aligned(end) && end >= range->begin);
    while (range->end < end && page_add(range->end))
        range->end += PAGE_BYTES;
    enough = range->end >= end;
    if (!enough)
        end = before;
    while (range->end > end) {
        range->end -= PAGE_BYTES;
        page_remove(range->end);
    }
    return enough ? WINDOW_OK : WINDOW_NO_FRAMES;
    /* LAB 8 END */
}

/* Tables. */

static bool table_add(void)
{
    /* LAB 8 BEGIN: return false; */
    struct page_table *directory = kernel_directory();
    uint32_t i = directory_index(window.pages.all.begin) + window.table_count;
    frame_t frame = frame_alloc();

    if (frame.number == FRAME_NONE.number ||
        frame.number == FRAME_NOT_WRITTEN.number)
        return false;
    ASSERT(directory->entries[i] == 0);
    /* Empty before the processor can find it. */
    window.tables[window.table_count++] =
        memset(frame_to_virt(frame), 0, PAGE_BYTES);
    directory->entries[i] = page_entry(frame, ENTRY_PRESENT | ENTRY_WRITABLE);
    return true;
    /* LAB 8 END */
}

/* The last one, in which nothing is mapped.  The processor may keep directory
 * entries, too; forgetting any page of the 4 MiB forgets this one. */
static void table_remove(void)
{
    /* LAB 8 BEGIN */
    uint32_t last = --window.table_count;
    uintptr_t page = window.pages.all.begin + last * LARGE_PAGE_BYTES;

    kernel_directory()->entries[directory_index(page)] = 0;
    arch_flush_page(page);
    frame_free(frame_of(virt_to_phys(window.tables[last])));
    /* LAB 8 END */
}

static void unmap_all(void)
{
    for (unsigned i = 0; i < WINDOW_RANGES; i++)
        window_move_end(i, window.pages.mapped[i].begin);
}

void window_close(void)
{
    /* LAB 8 BEGIN */
    unmap_all();
    while (window.table_count > 0)
        table_remove();
    memset(&window, 0, sizeof window);
    paging_use_window(NULL);
    /* LAB 8 END */
}

enum window_result window_init(uintptr_t begin, uintptr_t end)
{
    /* LAB 8 BEGIN: return WINDOW_NOT_WRITTEN; */
    uint32_t tables = (uint32_t)(end - begin) / LARGE_PAGE_BYTES;

    ASSERT(begin % LARGE_PAGE_BYTES == 0 && end % LARGE_PAGE_BYTES == 0);
    ASSERT(begin < end && tables <= WINDOW_TABLES_MAX);
    if (window.pages.all.begin == begin && window.pages.all.end == end) {
        unmap_all();
    } else {
        window_close();
        window.pages.all = (struct page_range){ begin, end };
    }
    while (window.table_count < tables && table_add())
        continue;
    if (window.table_count < tables) {
        window_close();
        return WINDOW_NO_FRAMES;
    }
    for (unsigned i = 0; i < WINDOW_RANGES; i++)
        window.pages.mapped[i] = (struct page_range){ begin, begin };
    paging_use_window(&window.pages);
    return WINDOW_OK;
    /* LAB 8 END */
}

const struct page_window *window_pages(void)
{
    return &window.pages;
}

uint32_t window_frames(void)
{
    return window.frames;
}
