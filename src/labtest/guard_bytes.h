/* SPDX-License-Identifier: MIT */
/* Known bytes on both sides of an allocator's memory, in the kernel:
 *
 *     | .... | 5C 5C 5C |  the heap of a test  | 5C 5C 5C | .... |
 *            low        begin                  end        high
 *
 * On the host a sanitizer finds such a write at once.  In the kernel the test
 * finds it after the call, and only near the heap, where most mistakes are. */
#ifndef LABTEST_GUARD_BYTES_H
#define LABTEST_GUARD_BYTES_H

#include <stdint.h>

/* Puts guard bytes around [begin, end), as far as there is room in [low, high),
 * and drops the ones before.  `begin` and `end` are in there. */
void guard_bytes_set(uintptr_t low, uintptr_t begin, uintptr_t end,
                     uintptr_t high);
/* The address of the first guard byte that was overwritten, or 0. */
uintptr_t guard_bytes_damage(void);

#endif
