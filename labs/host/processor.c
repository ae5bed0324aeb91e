/* SPDX-License-Identifier: MIT */
/* The processor as paging knows it: it walks tables, and it remembers.
 *
 * A translation that was used once is kept until it is flushed or another
 * directory is loaded, however the tables change meanwhile.  A real processor
 * may forget earlier; this one never does, so that every missing flush shows.
 */
#include "adapter.h"

#define MOST_KEPT 256u

static struct {
    phys_t directory;
    struct {
        uintptr_t page;
        page_entry_t entry;
    } kept[MOST_KEPT];
    size_t kept_count;
} processor;

void processor_reset(void)
{
    processor.directory.addr = 0;
    processor.kept_count = 0;
}

void arch_load_directory(phys_t directory)
{
    processor.directory = directory;
    processor.kept_count = 0;
}

phys_t arch_loaded_directory(void)
{
    return processor.directory;
}

void arch_flush_page(uintptr_t page)
{
    window_forget(page);
    for (size_t i = processor.kept_count; i-- > 0;) {
        if (processor.kept[i].page == align_down(page, PAGE_BYTES))
            processor.kept[i] = processor.kept[--processor.kept_count];
    }
}

/* The entry for `page`, remembered or looked up; 0: none. */
static page_entry_t entry_of(uintptr_t page)
{
    page_entry_t entry;

    for (size_t i = 0; i < processor.kept_count; i++) {
        if (processor.kept[i].page == page)
            return processor.kept[i].entry;
    }
    entry = lab_walk(phys_to_virt(processor.directory), page);
    if (entry && processor.kept_count < MOST_KEPT) {
        processor.kept[processor.kept_count].page = page;
        processor.kept[processor.kept_count++].entry = entry;
    }
    return entry;
}

static uint32_t *place_of(page_entry_t entry, uintptr_t address)
{
    phys_t phys = frame_base(entry_frame(entry));

    phys.addr += (uint32_t)address % PAGE_BYTES;
    return phys_to_virt(phys);
}

void lab_side_load(struct page_table *directory)
{
    arch_load_directory(virt_to_phys(directory));
}

bool lab_side_read(uintptr_t address, uint32_t *value)
{
    page_entry_t entry = entry_of(align_down(address, PAGE_BYTES));

    if (entry)
        *value = *place_of(entry, address);
    return entry != 0;
}

bool lab_side_write(uintptr_t address, uint32_t value)
{
    page_entry_t entry = entry_of(align_down(address, PAGE_BYTES));

    if (!entry_is(entry, ENTRY_PRESENT | ENTRY_WRITABLE))
        return false;
    *place_of(entry, address) = value;
    return true;
}
