/* SPDX-License-Identifier: MIT */
/* Known bytes on both sides of what an allocator was given, in the kernel:
 *
 *     | .... | 5C 5C 5C |  the heap of a test  | 5C 5C 5C | .... |
 *            low        begin                  end        high
 *
 * On the host a sanitizer finds such a write at once.  In the kernel it is
 * found after the call, and only close to the heap, where most mistakes are. */
#ifndef LABTEST_GUARD_BYTES_H
#define LABTEST_GUARD_BYTES_H

#include <stdint.h>

/* Around [begin, end), as far as there is room in [low, high); instead of the
 * one before.  `begin` and `end` lie in there. */
void guard_bytes_set(uintptr_t low, uintptr_t begin, uintptr_t end,
                     uintptr_t high);
/* The first byte of the guard bytes that was written over, or 0. */
uintptr_t guard_bytes_damage(void);

#endif
