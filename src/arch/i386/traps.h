/* SPDX-License-Identifier: MIT */
/* Where traps arrive. */
#ifndef ARCH_I386_TRAPS_H
#define ARCH_I386_TRAPS_H

#include "lib/violation.h"

/* Loads the interrupt table and lets the keyboard's and the console's
 * interrupts through; they stay held back until wait_for_interrupt(). */
void traps_init(void);
/* The first gate that is not as traps_init() made it: T1 and T2 of traps.c. */
struct violation traps_check(void);

#endif
