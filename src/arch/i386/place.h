/* SPDX-License-Identifier: MIT */
/* A description of an address from its value alone. */
#ifndef ARCH_I386_PLACE_H
#define ARCH_I386_PLACE_H

#include <stdbool.h>
#include <stdint.h>

/* Prints a line about an address that has caused a fault, while esp was `esp`;
 * prints nothing if the value alone explains nothing. */
void place_print(uintptr_t address, uintptr_t esp);
/* Whether `esp` has reached the guard page below the stack. */
bool place_stack_is_full(uintptr_t esp);
/* Whether `address` is in the kernel's code. */
bool place_is_code(uintptr_t address);
/* Whether the word at `address` is on the kernel's stack. */
bool place_is_on_stack(uintptr_t address);
/* Whether the word at `esp` is the return address of a call. */
bool place_follows_call(uintptr_t esp);

#endif
