/* SPDX-License-Identifier: MIT */
/* The page directory in force; arch.h declares what mm may do with it. */
#ifndef ARCH_I386_DIRECTORY_H
#define ARCH_I386_DIRECTORY_H

/* Takes away the low copy of the direct map that boot.S needed for its jump;
 * nothing below the direct map is mapped after this. */
void directory_forget_boot_mapping(void);

#endif
