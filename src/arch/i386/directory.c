/* SPDX-License-Identifier: MIT */
/* The page directory in force, and the processor's copies of its entries. */
#include "arch/i386/directory.h"

#include "arch/i386/arch.h"
#include "arch/i386/cpu.h"
#include "arch/i386/segments.h"

/* boot.S; reached where it is linked, not where it was loaded. */
extern struct page_table boot_directory;

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
