/* SPDX-License-Identifier: MIT */
/* Records the calls of arch.h, and walks page tables by the manual. */
#include "processor.h"

#include "harness.h"

#include <string.h>

struct processor processor;

void processor_reset(void)
{
    memset(&processor, 0, sizeof processor);
}

/* Intel SDM volume 3, 4.3: bits 31 to 22 of the address choose the entry of
 * the directory, bits 21 to 12 that of the table; bit 0 is "present". */
page_entry_t processor_walk(const struct page_table *directory,
                            uintptr_t address)
{
    const uint32_t *entries = directory->entries;
    uint32_t entry = entries[address / 0x400000];

    if ((entry & 1) == 0)
        return 0;
    CHECK((entry & 0x82) == 2); /* writable, and no 4 MiB page */
    CHECK((entry & 0xFFFFF000u) < direct_map.bytes);
    entries = (const uint32_t *)(direct_map.base + (entry & 0xFFFFF000u));
    entry = entries[address / 0x1000 % 1024];
    return (entry & 1) != 0 ? entry : 0;
}

void arch_load_directory(phys_t directory)
{
    processor.directory = directory;
}

phys_t arch_loaded_directory(void)
{
    return processor.directory;
}

void arch_flush_page(uintptr_t page)
{
    processor.flushes++;
    processor.last_page = page;
    processor.entry_then =
        processor_walk(phys_to_virt(processor.directory), page);
    if (processor.flush)
        processor.flush(page);
}
