/* SPDX-License-Identifier: MIT */
/* Bytes around a test's memory. */
#include "labtest/guard_bytes.h"

#include "lib/string.h"

/* Longer than any header, block or list that lies just outside. */
#define FENCE_BYTES   64u
#define FENCE_PATTERN 0x5C

static struct {
    uintptr_t low, begin, end, high;
} fence;

void fence_raise(uintptr_t low, uintptr_t begin, uintptr_t end, uintptr_t high)
{
    fence.low = begin - low < FENCE_BYTES ? low : begin - FENCE_BYTES;
    fence.begin = begin;
    fence.end = end;
    fence.high = high - end < FENCE_BYTES ? high : end + FENCE_BYTES;
    memset((void *)fence.low, FENCE_PATTERN, begin - fence.low);
    memset((void *)end, FENCE_PATTERN, fence.high - end);
}

static uintptr_t first_damage(uintptr_t begin, uintptr_t end)
{
    for (uintptr_t at = begin; at < end; at++) {
        if (*(const uint8_t *)at != FENCE_PATTERN)
            return at;
    }
    return 0;
}

uintptr_t fence_damage(void)
{
    uintptr_t below = first_damage(fence.low, fence.begin);

    return below ? below : first_damage(fence.end, fence.high);
}
