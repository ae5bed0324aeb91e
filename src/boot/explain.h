/* SPDX-License-Identifier: MIT */
/* Explains an address in words, for a report of a fault. */
#ifndef BOOT_EXPLAIN_H
#define BOOT_EXPLAIN_H

#include "lib/region.h"

#include <stdbool.h>
#include <stdint.h>

/* Gives the panic report the functions below.  `memory` says which physical
 * memory was in use before the kernel came; the caller keeps it in place. */
void explain_init(const struct memory_layout *memory);
/* Prints the piece of the image, the frame, the block, and the last call about
 * it.  It calls the allocators, which may be damaged or half written, so the
 * caller must be ready for a fault. */
void explain_address(uintptr_t address);
/* The same for the value of a register called `name`, if it is an address in
 * the heap; prints nothing and returns false otherwise. */
bool explain_heap_address(const char *name, uintptr_t value);
/* Whether the heap's bookkeeping is damaged; if so, prints the damage.  It runs
 * heap_check(), which may fault, too. */
bool explain_heap_damage(void);
/* Whether an allocation or a free is under way; if so, prints which call it is,
 * and that the heap may be half changed. */
bool explain_heap_call(void);
/* Whether memory is mapped at `address`, so that any code may read and write.
 */
bool explain_must_be_mapped(uintptr_t address);

#endif
