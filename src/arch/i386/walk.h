/* SPDX-License-Identifier: MIT */
/* The processor's way from an address to memory, step by step, in words. */
#ifndef ARCH_I386_WALK_H
#define ARCH_I386_WALK_H

#include "arch/i386/arch.h"

#include <stdint.h>

/* Prints the directory entry and the table entry that decide about `address`,
 * and where they lead: as the processor walks, not as mm remembers. */
void walk_print(uintptr_t address);
/* The entry that decides about `address`: the table's, or the directory's if
 * that leads to no table.  NULL if the directory in force is out of reach. */
const page_entry_t *walk_entry(uintptr_t address);

#endif
