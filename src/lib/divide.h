/* SPDX-License-Identifier: MIT */
/* Division of 64-bit numbers, under the names the compiler calls.
 *
 * A 32-bit processor can only divide 64 bits by 32.  So the compiler emits
 * calls of these functions for `a / b` and `a % b` on uint64_t.  Normally they
 * come from the compiler's support library, but the kernel is not linked with
 * it.  Code never calls them by name.
 */
#ifndef LIB_DIVIDE_H
#define LIB_DIVIDE_H

#include <stdint.h>

/* Quotient and remainder at once; `remainder` may be NULL. */
uint64_t __udivmoddi4(uint64_t dividend, uint64_t divisor, uint64_t *remainder);
uint64_t __udivdi3(uint64_t dividend, uint64_t divisor);
uint64_t __umoddi3(uint64_t dividend, uint64_t divisor);

/* C rounds towards zero, so the remainder has the sign of the dividend. */
int64_t __divmoddi4(int64_t dividend, int64_t divisor, int64_t *remainder);
int64_t __divdi3(int64_t dividend, int64_t divisor);
int64_t __moddi3(int64_t dividend, int64_t divisor);

#endif
