/* SPDX-License-Identifier: MIT */
/* The command that boots the machine again with the same options. */
#ifndef BOOT_AGAIN_H
#define BOOT_AGAIN_H

#include "boot/boot_memory.h"

/* Gives the panic report this command: "make debug STAGE=malloc
 * OPTIONS='...'".  Without stage= the kernel starts all stages up to
 * `last_stage`. */
void again_use(const struct boot_memory *memory, const char *last_stage);

#endif
