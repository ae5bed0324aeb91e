/* SPDX-License-Identifier: MIT */
/* A clock that ends patience (iBASE IB700, as QEMU has it with -device ib700).
 *
 * It runs down on the machine's own time.  Under `-icount shift=3` that time
 * advances by 8 ns an instruction, so that so many seconds are a number of
 * instructions, on any host:
 *
 *     start --> 2 s = 250,000,000 instructions --> QEMU does what it was told
 *
 * On a machine without the device nothing happens.
 */
#ifndef ARCH_I386_WATCHDOG_H
#define ARCH_I386_WATCHDOG_H

#include "arch/i386/cpu.h"

#define WATCHDOG_DISABLE_PORT 0x441
#define WATCHDOG_ENABLE_PORT  0x443
#define WATCHDOG_SECONDS_MAX  30u

/* `seconds` is even, and at most WATCHDOG_SECONDS_MAX. */
static inline void watchdog_start(uint8_t seconds)
{
    /* The device counts in steps of 2 s, backwards: 15 is now. */
    outb(WATCHDOG_ENABLE_PORT, (uint8_t)((WATCHDOG_SECONDS_MAX - seconds) / 2));
}

static inline void watchdog_stop(void)
{
    outb(WATCHDOG_DISABLE_PORT, 0);
}

#endif
