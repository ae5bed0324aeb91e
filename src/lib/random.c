/* SPDX-License-Identifier: MIT */
/* A counter, and a function that scrambles it.
 *
 *     state:    s, s + STEP, s + 2 STEP ...     every 32-bit number, once
 *     scramble: the same bits, thoroughly mixed; no two inputs share an output
 *
 * Together: all 2^32 numbers, in an order that looks like none, and no seed
 * that gets stuck.
 */
#include "lib/random.h"

#include "lib/panic.h"

/* 2^32 divided by the golden ratio: odd, so the counter meets every number
 * before it repeats, and its multiples spread evenly. */
#define STEP 0x9E3779B9u

/* Multiplying by an odd number moves the low bits up, the shifts bring the
 * high bits down.  Both can be undone, so nothing collapses. */
static uint32_t scramble(uint32_t value)
{
    value = (value ^ (value >> 16)) * STEP;
    value = (value ^ (value >> 15)) * 0xC2B2AE35u;
    return value ^ (value >> 16);
}

void random_seed(struct random *random, uint32_t seed)
{
    random->state = seed;
}

uint32_t random_next(struct random *random)
{
    random->state += STEP;
    return scramble(random->state);
}

/* Reads the random number as a fraction of 2^32 and takes that share of
 * `limit`.  Uneven by at most one part in 2^32 / limit, which no test of ours
 * notices, and cheaper than a division. */
uint32_t random_below(struct random *random, uint32_t limit)
{
    ASSERT_BELOW(0, limit);
    return (uint32_t)((uint64_t)random_next(random) * limit >> 32);
}
