/* SPDX-License-Identifier: MIT */
/* The kernel's last words: what happened, where, and how it came there. */
#ifndef ARCH_I386_REPORT_H
#define ARCH_I386_REPORT_H

#include "arch/i386/traps.h"

#include <stdint.h>

/* Called while reporting a fault, to say in one line what lies at `address`.
 * arch knows nothing of heaps and zones; main hands this in. */
void report_use_describer(void (*describe)(uintptr_t address));

_Noreturn void report_trap(const struct trap_frame *frame);
/* The body of the double-fault task. */
_Noreturn void report_double_fault(void);

#endif
