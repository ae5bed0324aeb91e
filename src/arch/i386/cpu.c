/* SPDX-License-Identifier: MIT */
/* Control registers, halt, exit from QEMU. */
#include "arch/i386/cpu.h"

#define DEBUG_EXIT_PORT     0xF4
#define KEYBOARD_COMMAND    0x64
#define KEYBOARD_RESET_LINE 0xFE

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
