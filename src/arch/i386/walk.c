/* SPDX-License-Identifier: MIT */
/* Page tables as the processor walks them. */
#include "arch/i386/walk.h"

#include "arch/i386/arch.h"
#include "lib/print.h"

static void print_entry(const char *what, uint32_t index, page_entry_t entry)
{
    print("  %-9s entry %4u: 0x%08x", what, index, entry);
    if (!entry_is(entry, ENTRY_PRESENT)) {
        print("  not present\n");
        return;
    }
    print("  frame %#x, %s%s%s%s\n", entry_frame(entry).number,
          entry_is(entry, ENTRY_WRITABLE) ? "writable" : "read-only",
          entry_is(entry, ENTRY_LARGE) ? ", 4 MiB page" : "",
          entry_is(entry, ENTRY_ACCESSED) ? ", accessed" : "",
          entry_is(entry, ENTRY_DIRTY) ? ", dirty" : "");
}

static void print_leads_to(uintptr_t address, uint32_t physical)
{
    print("  0x%08lx is at physical 0x%08x\n", (unsigned long)address,
          physical);
}

/* A table that an entry leads to.  NULL, after a line that says so, if it lies
 * where the kernel cannot look: such an entry is damaged. */
static const struct page_table *table_at(phys_t phys)
{
    if (phys.addr < direct_map.bytes)
        return phys_to_virt(phys);
    print("  a table at physical 0x%08x is out of reach\n", phys.addr);
    return NULL;
}

void walk_print(uintptr_t address)
{
    const struct page_table *table = table_at(arch_loaded_directory());
    page_entry_t entry;

    if (!table)
        return;
    entry = table->entries[directory_index(address)];
    print_entry("directory", directory_index(address), entry);
    if (!entry_is(entry, ENTRY_PRESENT))
        return;
    if (entry_is(entry, ENTRY_LARGE)) {
        print_leads_to(address, (entry & ~(LARGE_PAGE_BYTES - 1)) +
                                    (uint32_t)address % LARGE_PAGE_BYTES);
        return;
    }
    table = table_at(frame_base(entry_frame(entry)));
    if (!table)
        return;
    entry = table->entries[table_index(address)];
    print_entry("table", table_index(address), entry);
    if (entry_is(entry, ENTRY_PRESENT))
        print_leads_to(address, frame_base(entry_frame(entry)).addr +
                                    (uint32_t)address % PAGE_BYTES);
}

const page_entry_t *walk_entry(uintptr_t address)
{
    phys_t directory = arch_loaded_directory();
    const struct page_table *table;
    const page_entry_t *entry;

    if (directory.addr >= direct_map.bytes)
        return NULL;
    table = phys_to_virt(directory);
    entry = &table->entries[directory_index(address)];
    if (!entry_is(*entry, ENTRY_PRESENT) || entry_is(*entry, ENTRY_LARGE) ||
        frame_base(entry_frame(*entry)).addr >= direct_map.bytes)
        return entry;
    table = phys_to_virt(frame_base(entry_frame(*entry)));
    return &table->entries[table_index(address)];
}
