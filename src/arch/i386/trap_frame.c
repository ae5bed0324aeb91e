/* SPDX-License-Identifier: MIT */
/* The names of exceptions. */
#include "arch/i386/trap_frame.h"

#include <stddef.h>

/* Intel SDM volume 3, table 6-1. */
static const char *const names[TRAP_EXCEPTIONS] = {
    [0] = "divide error",
    [1] = "debug",
    [2] = "non-maskable interrupt",
    [3] = "breakpoint",
    [4] = "overflow",
    [5] = "bound range exceeded",
    [6] = "invalid opcode",
    [7] = "no coprocessor",
    [8] = "double fault",
    [10] = "invalid task state",
    [11] = "segment not present",
    [12] = "stack segment fault",
    [13] = "general protection fault",
    [14] = "page fault",
    [16] = "floating-point error",
    [17] = "alignment check",
    [18] = "machine check",
    [19] = "SIMD floating-point error",
};

const char *trap_name(uint32_t vector)
{
    return vector < TRAP_EXCEPTIONS ? names[vector] : NULL;
}
