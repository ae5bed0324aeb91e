/* SPDX-License-Identifier: MIT */
#include "arch/i386/cpu.h"

#include "arch/i386/arch.h"
#include "arch/i386/segments.h"

#define DEBUG_EXIT_PORT     0xF4
#define KEYBOARD_COMMAND    0x64
#define KEYBOARD_RESET_LINE 0xFE

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

void cpu_forget_boot_mapping(void)
{
    boot_directory.entries[0] = 0;
    arch_load_directory(arch_loaded_directory());
}

_Noreturn void cpu_exit(uint32_t code)
{
    outl(DEBUG_EXIT_PORT, code);
    for (;;)
        __asm__ volatile("cli; hlt");
}

_Noreturn void cpu_reboot(void)
{
    /* The keyboard controller drives the processor's reset line. */
    outb(KEYBOARD_COMMAND, KEYBOARD_RESET_LINE);
    for (;;)
        __asm__ volatile("cli; hlt");
}
