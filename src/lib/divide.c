/* SPDX-License-Identifier: MIT */
/* Long division as taught at school, with binary digits.
 *
 *     1101 / 11        13 / 3: push the divisor left until it is as long as
 *                      the dividend, then come back one place at a time.
 *
 *     1101             dividend
 *     11..             fits: subtract, quotient digit 1
 *     --
 *     0001             what remains
 *      11.             does not fit: digit 0
 *       11             does not fit: digit 0
 *     ----
 *       1              remainder 1, quotient 100 = 4
 *
 * In binary a digit is 0 or 1, so "how often does it fit" is one comparison.
 * At most 64 rounds.  When both numbers fit 32 bits, as nearly all do, the
 * processor's own division answers at once.
 */
#include "lib/divide.h"

#include "lib/panic.h"

#include <stddef.h>

/* The number of zeros above the highest 1; value > 0. */
static unsigned leading_zeros(uint64_t value)
{
    uint32_t high = (uint32_t)(value >> 32);

    return high != 0 ? (unsigned)__builtin_clz(high)
                     : 32 + (unsigned)__builtin_clz((uint32_t)value);
}

static uint64_t divide_by_hand(uint64_t *dividend, uint64_t divisor)
{
    uint64_t quotient = 0;
    unsigned places;

    if (*dividend < divisor)
        return 0;
    places = leading_zeros(divisor) - leading_zeros(*dividend);
    divisor <<= places;
    for (unsigned round = 0; round <= places; round++) {
        quotient <<= 1;
        if (*dividend >= divisor) {
            *dividend -= divisor;
            quotient |= 1;
        }
        divisor >>= 1;
    }
    return quotient;
}

uint64_t __udivmoddi4(uint64_t dividend, uint64_t divisor, uint64_t *remainder)
{
    uint64_t quotient;

    ASSERT(divisor != 0);
    if ((dividend | divisor) <= UINT32_MAX) {
        quotient = (uint32_t)dividend / (uint32_t)divisor;
        dividend = (uint32_t)dividend % (uint32_t)divisor;
    } else {
        quotient = divide_by_hand(&dividend, divisor);
    }
    if (remainder != NULL)
        *remainder = dividend;
    return quotient;
}

uint64_t __udivdi3(uint64_t dividend, uint64_t divisor)
{
    return __udivmoddi4(dividend, divisor, NULL);
}

uint64_t __umoddi3(uint64_t dividend, uint64_t divisor)
{
    uint64_t remainder;

    __udivmoddi4(dividend, divisor, &remainder);
    return remainder;
}

/* Negating as an unsigned number is defined for the most negative one too. */
static uint64_t negated_if(uint64_t value, int negative)
{
    return negative ? 0 - value : value;
}

int64_t __divmoddi4(int64_t dividend, int64_t divisor, int64_t *remainder)
{
    uint64_t rest;
    uint64_t quotient =
        __udivmoddi4(negated_if((uint64_t)dividend, dividend < 0),
                     negated_if((uint64_t)divisor, divisor < 0), &rest);

    if (remainder != NULL)
        *remainder = (int64_t)negated_if(rest, dividend < 0);
    return (int64_t)negated_if(quotient, (dividend < 0) != (divisor < 0));
}

int64_t __divdi3(int64_t dividend, int64_t divisor)
{
    return __divmoddi4(dividend, divisor, NULL);
}

int64_t __moddi3(int64_t dividend, int64_t divisor)
{
    int64_t remainder;

    __divmoddi4(dividend, divisor, &remainder);
    return remainder;
}
