/* SPDX-License-Identifier: MIT */
/* Counting instructions.
 *
 * Under `qemu -icount shift=N` the time-stamp counter advances by exactly 2^N
 * ticks an instruction, so the difference of two readings is an exact figure
 * that is the same on every machine.  On any other machine it is a time, which
 * depends more on the host than on the allocator.  The kernel measures at boot
 * whether the counter is exact.
 */
#ifndef ARCH_I386_COUNTER_H
#define ARCH_I386_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

struct counter {
    bool exact;                     /* ticks count instructions */
    uint32_t ticks_per_instruction; /* 0 unless exact */
    uint32_t overhead_ticks;        /* of two readings with nothing between */
};

struct counter counter_calibrate(void);
/* Ticks; 0 for ever on a processor without the counter. */
uint64_t counter_now(void);

#endif
