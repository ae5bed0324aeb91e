/* SPDX-License-Identifier: MIT */
/* Bytes around a test's memory. */
#include "labtest/guard_bytes.h"

#include "lib/string.h"

/* Longer than any header, block or list that is just outside. */
#define GUARD_BYTES   64u
#define GUARD_PATTERN 0x5C

static struct {
    uintptr_t low, begin, end, high;
} guard;

void guard_bytes_set(uintptr_t low, uintptr_t begin, uintptr_t end,
                     uintptr_t high)
{
    guard.low = begin - low < GUARD_BYTES ? low : begin - GUARD_BYTES;
    guard.begin = begin;
    guard.end = end;
    guard.high = high - end < GUARD_BYTES ? high : end + GUARD_BYTES;
    memset((void *)guard.low, GUARD_PATTERN, begin - guard.low);
    memset((void *)end, GUARD_PATTERN, guard.high - end);
}

static uintptr_t first_damage(uintptr_t begin, uintptr_t end)
{
    for (uintptr_t at = begin; at < end; at++) {
        if (*(const uint8_t *)at != GUARD_PATTERN)
            return at;
    }
    return 0;
}

uintptr_t guard_bytes_damage(void)
{
    uintptr_t below = first_damage(guard.low, guard.begin);

    return below ? below : first_damage(guard.end, guard.high);
}
