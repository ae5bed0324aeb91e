/* SPDX-License-Identifier: MIT */
/* The words that replay writes into every payload, and later verifies.
 *
 *     offset   0          4            8              ...   bytes
 *     word     mix(seed)  + STEP       + 2 * STEP     ...   (last one cut)
 *
 * Each filling of a run has another seed.  So a block never has the words of
 * another block, or its own old words, at the same offset.
 */
#ifndef REPLAY_PATTERN_H
#define REPLAY_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A byte that differs from the pattern. */
struct mismatch {
    size_t offset;
    uint8_t expected;
    uint8_t found;
};

/* `payload` is aligned to 4. */
void pattern_fill(void *payload, size_t bytes, uint32_t seed);
/* False if one of the first `bytes` bytes differs from the pattern; *where has
 * the first such byte. */
bool pattern_holds(const void *payload, size_t bytes, uint32_t seed,
                   struct mismatch *where);

#endif
