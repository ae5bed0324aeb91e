/* SPDX-License-Identifier: MIT */
/* The page directory in force; arch.h declares what mm may do with it. */
#ifndef ARCH_I386_DIRECTORY_H
#define ARCH_I386_DIRECTORY_H

#include "arch/i386/arch.h"

#include <stddef.h>
#include <stdint.h>

/* Removes the low copy of the direct map that boot.S needed for its jump.
 * After this no address below the direct map is mapped. */
void directory_forget_boot_mapping(void);
/* Shows `bytes` bytes of a device, from the physical address `begin` on, in the
 * device window, in place of what was there.  Returns their virtual address, or
 * NULL if they do not fit into the window or are above 4 GiB.  Works in every
 * directory that has the entry below. */
void *directory_map_device(uint64_t begin, size_t bytes);
/* The directory's entry for the device window; 0 as long as it is unused. */
page_entry_t directory_device_entry(void);

#endif
