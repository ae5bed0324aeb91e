/* SPDX-License-Identifier: MIT */
/* Where traps arrive. */
#ifndef ARCH_I386_TRAPS_H
#define ARCH_I386_TRAPS_H

/* Loads the interrupt table and lets the keyboard's and the console's
 * interrupts through; they stay held back until wait_for_interrupt(). */
void traps_init(void);

#endif
