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

/* Sets the bits that a processor sets in the entries that it uses (Intel SDM
 * volume 3, 4.8): accessed in the directory's entry and in the page's, dirty in
 * the entry of a page that it wrote. */
static void leave_marks(uintptr_t page, page_entry_t marks)
{
    struct page_table *directory = phys_to_virt(processor.directory);
    page_entry_t *above = &directory->entries[directory_index(page)];
    struct page_table *table;

    if (!entry_is(*above, ENTRY_PRESENT))
        return;
    table = frame_to_virt(entry_frame(*above));
    *above |= ENTRY_ACCESSED;
    if (entry_is(table->entries[table_index(page)], ENTRY_PRESENT))
        table->entries[table_index(page)] |= marks;
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

/* The host's own memory does not depend on the imitated processor. */
void lab_side_unload(void)
{
}

bool lab_side_read(uintptr_t address, uint32_t *value)
{
    page_entry_t entry = entry_of(align_down(address, PAGE_BYTES));

    if (!entry)
        return false;
    leave_marks(address, ENTRY_ACCESSED);
    *value = *place_of(entry, address);
    return true;
}

bool lab_side_write(uintptr_t address, uint32_t value)
{
    page_entry_t entry = entry_of(align_down(address, PAGE_BYTES));

    if (!entry_is(entry, ENTRY_PRESENT | ENTRY_WRITABLE))
        return false;
    leave_marks(address, ENTRY_ACCESSED | ENTRY_DIRTY);
    *place_of(entry, address) = value;
    return true;
}
