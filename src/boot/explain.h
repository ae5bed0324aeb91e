/* SPDX-License-Identifier: MIT */
/* What is this address?  In words, for a report of a fault. */
#ifndef BOOT_EXPLAIN_H
#define BOOT_EXPLAIN_H

#include "lib/region.h"

#include <stdbool.h>
#include <stdint.h>

/* Gives the panic report the functions below.  `memory` says which physical
 * memory was in use before the kernel came; the caller keeps it in place. */
void explain_init(const struct memory_layout *memory);
/* A line or a few: the piece of the image, the frame, the block, and the call
 * that had to do with it last.  Asks the allocators, which may be damaged or
 * half written: whoever calls this must be ready for a fault. */
void explain_address(uintptr_t address);
/* The same of the value of a register called `name`, and true, if it is an
 * address in the heap; not a word otherwise. */
bool explain_heap_address(const char *name, uintptr_t value);
/* Whether the heap's bookkeeping is damaged, and then how; by its own check,
 * of which the same is true. */
bool explain_heap_damage(void);
/* Whether an allocation or a free is under way, and then which, and what that
 * means for the heap. */
bool explain_heap_call(void);
/* Whether any code may read and write at `address`, because there is memory. */
bool explain_must_be_mapped(uintptr_t address);

#endif
