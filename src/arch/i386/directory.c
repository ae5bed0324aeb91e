/* SPDX-License-Identifier: MIT */
/* The page directory in force, and the processor's copies of its entries. */
#include "arch/i386/directory.h"

#include "arch/i386/arch.h"
#include "arch/i386/cpu.h"
#include "arch/i386/segments.h"
#include "lib/string.h"

/* boot.S; reached where it is linked, not where it was loaded. */
extern struct page_table boot_directory;

/* The table of the device window, which every directory shares. */
static _Alignas(PAGE_BYTES) struct page_table device_table;
static page_entry_t device_entry;

void arch_load_directory(phys_t directory)
{
    /* The double-fault task brings its own cr3, and must find the kernel. */
    segments_set_directory(directory);
    __asm__ volatile("movl %0, %%cr3" : : "r"(directory.addr) : "memory");
}

phys_t arch_loaded_directory(void)
{
    return (phys_t){ read_cr3() & ~(PAGE_BYTES - 1) };
}

void arch_flush_page(uintptr_t page)
{
    __asm__ volatile("invlpg (%0)" : : "r"(page) : "memory");
}

void directory_forget_boot_mapping(void)
{
    boot_directory.entries[0] = 0;
    arch_load_directory(arch_loaded_directory());
}

/* No cache flags: the firmware has set up for each range how the processor
 * caches a device's memory (Intel SDM volume 3, 12.11). */
void *directory_map_device(uint64_t begin, size_t bytes)
{
    const uint32_t flags = ENTRY_PRESENT | ENTRY_WRITABLE;
    uint32_t offset = (uint32_t)begin % PAGE_BYTES;
    uint32_t pages = (uint32_t)(bytes + offset + PAGE_BYTES - 1) / PAGE_BYTES;
    frame_t first = { (uint32_t)(begin >> PAGE_SHIFT) };

    if (bytes > DEVICE_WINDOW_BYTES - offset || begin + bytes > 1ull << 32)
        return NULL;
    memset(&device_table, 0, sizeof device_table);
    for (uint32_t i = 0; i < pages; i++)
        device_table.entries[i] =
            page_entry((frame_t){ first.number + i }, flags);
    device_entry = page_entry(frame_of(virt_to_phys(&device_table)), flags);
    boot_directory.entries[directory_index(DEVICE_WINDOW_BEGIN)] = device_entry;
    arch_load_directory(arch_loaded_directory()); /* forgets what was there */
    return (void *)(DEVICE_WINDOW_BEGIN + offset);
}

page_entry_t directory_device_entry(void)
{
    return device_entry;
}
