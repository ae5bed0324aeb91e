/* SPDX-License-Identifier: MIT */
/* Single instructions that C cannot express. */
#ifndef ARCH_I386_CPU_H
#define ARCH_I386_CPU_H

#include <stdint.h>

static inline void outb(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void outl(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

/* The address whose access caused the last page fault. */
static inline uint32_t read_cr2(void)
{
    uint32_t value;

    __asm__ volatile("movl %%cr2, %0" : "=r"(value));
    return value;
}

static inline uint32_t read_cr3(void)
{
    uint32_t value;

    __asm__ volatile("movl %%cr3, %0" : "=r"(value));
    return value;
}

static inline uint64_t read_timestamp(void)
{
    uint64_t ticks;

    __asm__ volatile("rdtsc" : "=A"(ticks));
    return ticks;
}

static inline void interrupts_off(void)
{
    __asm__ volatile("cli" : : : "memory");
}

/* Sleeps until an interrupt has been served; interrupts are off before and
 * after.  After sti the processor executes one more instruction before it
 * accepts interrupts, so none can come between sti and hlt and leave us asleep
 * (Intel SDM volume 2, STI). */
static inline void wait_for_interrupt(void)
{
    __asm__ volatile("sti; hlt; cli" : : : "memory");
}

/* Ends QEMU with exit status `code` * 2 + 1 (isa-debug-exit at port 0xF4);
 * elsewhere stops the processor for good. */
_Noreturn void cpu_exit(uint32_t code);
/* Restarts the machine. */
_Noreturn void cpu_reboot(void);

/* Codes for cpu_exit.  They start at 0x10 because QEMU itself ends with small
 * numbers when it cannot start. */
enum exit_code {
    EXIT_FINE = 0x10,
    EXIT_REPLAY_WRONG = 0x11,
    EXIT_PANIC = 0x12,
    EXIT_REFUSED = 0x13, /* a bad option; a stage not written or broken */
    EXIT_TEST_FAILED = 0x14,
};

#endif
