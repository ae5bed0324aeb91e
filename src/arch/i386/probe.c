/* SPDX-License-Identifier: MIT */
/* Reads that may fault. */
#include "arch/i386/probe.h"

/* Labels in the assembly below; only their addresses mean something. */
extern const char probe_reads[], probe_read_refused[];
extern const char probe_writes[], probe_write_refused[];

/* The labels exist once only if the functions do. */
__attribute__((noinline)) bool probe_read(uintptr_t address, uint32_t *value)
{
    uint32_t found, done = 1;

    __asm__ volatile("probe_reads:\n\t"
                     "movl (%2), %0\n\t"
                     "jmp 1f\n"
                     "probe_read_refused:\n\t"
                     "xorl %1, %1\n"
                     "1:"
                     : "=&r"(found), "+r"(done)
                     : "r"(address)
                     : "memory", "cc");
    if (done)
        *value = found;
    return done;
}

__attribute__((noinline)) bool probe_write(uintptr_t address, uint32_t value)
{
    uint32_t done = 1;

    __asm__ volatile("probe_writes:\n\t"
                     "movl %2, (%1)\n\t"
                     "jmp 1f\n"
                     "probe_write_refused:\n\t"
                     "xorl %0, %0\n"
                     "1:"
                     : "+r"(done)
                     : "r"(address), "r"(value)
                     : "memory", "cc");
    return done;
}

bool probe_catch(struct trap_frame *frame)
{
    if (frame->eip == (uint32_t)(uintptr_t)probe_reads)
        frame->eip = (uint32_t)(uintptr_t)probe_read_refused;
    else if (frame->eip == (uint32_t)(uintptr_t)probe_writes)
        frame->eip = (uint32_t)(uintptr_t)probe_write_refused;
    else
        return false;
    return true;
}
