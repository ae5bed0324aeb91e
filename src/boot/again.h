/* SPDX-License-Identifier: MIT */
/* The command that boots the machine once more as it was booted this time. */
#ifndef BOOT_AGAIN_H
#define BOOT_AGAIN_H

#include "boot/boot_memory.h"

/* Gives the panic report that command: "make debug STAGE=malloc OPTIONS='...'".
 * `last_stage` is the one that the kernel goes to without stage=. */
void again_use(const struct boot_memory *memory, const char *last_stage);

#endif
