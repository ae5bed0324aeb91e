/* SPDX-License-Identifier: MIT */
/* Reads or writes one word of memory, and survives a page fault.
 *
 * For tests of page tables: they ask the processor itself what it does with an
 * address.
 */
#ifndef ARCH_I386_PROBE_H
#define ARCH_I386_PROBE_H

#include "arch/i386/trap_frame.h"

#include <stdbool.h>
#include <stdint.h>

/* False, and nothing changed, if the processor refuses with a page fault. */
bool probe_read(uintptr_t address, uint32_t *value);
bool probe_write(uintptr_t address, uint32_t value);

/* Whether a page fault is one of those; the frame then leads to where the
 * probe goes on. */
bool probe_catch(struct trap_frame *frame);

#endif
