/* SPDX-License-Identifier: MIT */
/* The work after the stages: a fault on request, a replay of the traces, and
 * then the prompt or the end of the machine. */
#ifndef BOOT_FINISH_H
#define BOOT_FINISH_H

#include "boot/boot_memory.h"
#include "boot/options.h"

/* `good`: every option was right, and every requested stage is in force.  With
 * the option `exit`, QEMU ends with a code that reports this. */
_Noreturn void finish(struct boot_memory *memory, const struct options *options,
                      bool good);

#endif
