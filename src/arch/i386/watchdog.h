/* SPDX-License-Identifier: MIT */
/* A watchdog timer (iBASE IB700; QEMU has it with -device ib700).
 *
 * It counts the machine's own time.  With `-icount shift=3` each instruction
 * takes 8 ns of that time, so a limit in seconds is a limit in instructions,
 * and it is the same on any host:
 *
 *     start --> 2 s = 250,000,000 instructions --> QEMU takes its set action
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
