/* SPDX-License-Identifier: MIT */
/* The heap window, for the checker of paging.
 *
 * A page of the plan shows the frame at its address in the direct map, so two
 * pages of the plan cannot show the same frame.  A page of the window can show
 * any frame that was free:
 *
 * I6: a page of the window shows a frame that is in use, and that neither
 *     another page of the window nor a table has.
 *
 * No search is needed to find two pages with one frame: the checker marks each
 * frame that it meets in a bitmap, for a part of all frames at a time.
 */
#include "mm/paging/paging.h"

#include "lib/bitmap.h"
#include "lib/string.h"
#include "mm/frames/frames.h"
#include "mm/paging/paging_private.h"

#define OWN "I6: a page of the window has a used frame of its own"

/* Frames of one round: 128 MiB of memory. */
#define FRAMES_AT_ONCE 32768u

/* The frames [first, first + FRAMES_AT_ONCE) that have been met. */
struct ticks {
    uint32_t first;
    uint32_t words[FRAMES_AT_ONCE / BITMAP_WORD_BITS];
};

static const struct page_window *window;

void paging_use_window(const struct page_window *given)
{
    if (given) {
        ASSERT(is_page_aligned(given->all.begin));
        ASSERT(is_page_aligned(given->all.end));
    }
    window = given;
}

struct page_range paging_window_range(void)
{
    return window ? window->all : (struct page_range){ 0, 0 };
}

bool paging_window_has(uintptr_t page)
{
    for (size_t i = 0; window && i < WINDOW_RANGES; i++) {
        if (page >= window->mapped[i].begin && page < window->mapped[i].end)
            return true;
    }
    return false;
}

/* Marks the frame, and says whether it was marked before.  False for a frame
 * that belongs to another round. */
static bool tick(struct ticks *ticks, frame_t frame)
{
    struct bitmap met = { ticks->words, FRAMES_AT_ONCE };
    uint32_t index = frame.number - ticks->first;
    bool before;

    if (index >= FRAMES_AT_ONCE)
        return false;
    before = bitmap_test(&met, index);
    bitmap_set(&met, index);
    return before;
}

/* Marks the frames of the directory and of all tables. */
static void tick_tables(struct ticks *ticks)
{
    const page_entry_t *entries = paging.directory->entries;

    tick(ticks, frame_of(virt_to_phys(entries)));
    for (uint32_t i = 0; i < ENTRIES_PER_TABLE; i++) {
        if (entry_is(entries[i], ENTRY_PRESENT))
            tick(ticks, entry_frame(entries[i]));
    }
}

/* The table entry of a mapped page. */
static page_entry_t paging_entry_of(uintptr_t page)
{
    page_entry_t above = paging.directory->entries[directory_index(page)];
    const struct page_table *table = frame_to_virt(entry_frame(above));

    ASSERT(entry_is(above, ENTRY_PRESENT));
    return table->entries[table_index(page)];
}

/* I6, for the pages of one range and the frames of this round. */
static struct violation check_range(struct ticks *ticks,
                                    const struct page_range *range)
{
    for (uintptr_t page = range->begin; page < range->end; page += PAGE_BYTES) {
        page_entry_t entry = paging_entry_of(page);

        if (frame_state(entry_frame(entry)) != FRAME_IS_USED ||
            tick(ticks, entry_frame(entry)))
            return (struct violation){ OWN, page, FRAME_IS_USED, entry };
    }
    return SOUND;
}

struct violation paging_check_window(void)
{
    static struct ticks ticks;
    uint32_t frames = direct_map.bytes >> PAGE_SHIFT;
    struct violation violation = SOUND;

    if (window == NULL)
        return SOUND;
    for (uint32_t first = 0; first < frames; first += FRAMES_AT_ONCE) {
        ticks.first = first;
        memset(ticks.words, 0, sizeof ticks.words);
        tick_tables(&ticks);
        for (size_t i = 0; i < WINDOW_RANGES && is_sound(violation); i++)
            violation = check_range(&ticks, &window->mapped[i]);
    }
    return violation;
}
