/* SPDX-License-Identifier: MIT */
/* Checks the window against the directory; whether its frames are its own is
 * what paging_check() finds out (I6). */
#include "mm/grow/window.h"

#include "mm/grow/window_private.h"

static const char tabling[] = "W1: the directory names the window's tables";
static const char mapping[] = "W2: the pages of the ranges are mapped";
static const char placing[] = "W3: the ranges lie in the window, in order";
static const char counting[] = "W4: as many frames are held as there are pages";

static struct violation window_check_tables(void)
{
    const page_entry_t *entries = kernel_directory()->entries;
    uint32_t first = directory_index(window.pages.all.begin);

    ASSERT_BELOW(window.table_count, WINDOW_TABLES_MAX + 1);
    for (uint32_t i = 0; i < window.table_count; i++) {
        uint32_t table = virt_to_phys(window.tables[i]).addr;

        if ((entries[first + i] & ~(page_entry_t)ENTRY_ACCESSED) !=
            (table | ENTRY_PRESENT | ENTRY_WRITABLE))
            return (struct violation){ tabling, (first + i) << DIRECTORY_SHIFT,
                                       table, entries[first + i] };
    }
    return SOUND;
}

static struct violation window_check_ranges(uint32_t *pages)
{
    uintptr_t free_from = window.pages.all.begin;

    for (unsigned i = 0; i < WINDOW_RANGES; i++) {
        const struct page_range *range = &window.pages.mapped[i];

        if (range->begin < free_from || range->end < range->begin ||
            range->end > window.pages.all.end)
            return (struct violation){ placing, range->begin, free_from,
                                       range->end };
        free_from = range->end;
        *pages += (uint32_t)((range->end - range->begin) >> PAGE_SHIFT);
    }
    return SOUND;
}

static struct violation window_check_pages(uint32_t *pages)
{
    uint32_t number = 0;

    for (uintptr_t page = window.pages.all.begin; page < window.pages.all.end;
         page += PAGE_BYTES, number++) {
        const struct page_table *table =
            window.tables[number / ENTRIES_PER_TABLE];
        page_entry_t entry = table->entries[table_index(page)];
        bool wanted = paging_window_has(page);

        if (entry_is(entry, ENTRY_PRESENT | ENTRY_WRITABLE) != wanted ||
            (!wanted && entry != 0))
            return (struct violation){ mapping, page, wanted, entry };
        *pages -= wanted;
    }
    return SOUND;
}

/* Weak: a student's file with another layout has one of its own. */
__attribute__((weak)) struct violation window_check(void)
{
    uint32_t pages = 0, left;
    struct violation violation = window_check_tables();

    if (is_sound(violation))
        violation = window_check_ranges(&pages);
    left = pages;
    if (is_sound(violation))
        violation = window_check_pages(&left);
    if (is_sound(violation) && (left != 0 || window.frames != pages))
        violation = (struct violation){ counting, window.pages.all.begin, pages,
                                        window.frames };
    return violation;
}
