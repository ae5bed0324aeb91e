/* SPDX-License-Identifier: MIT */
/* Payload that can be verified. */
#include "replay/pattern.h"

#define WORD_BYTES 4u
#define MIX        0x9E3779B1u /* odd: different seeds stay different */
#define STEP       0x85EBCA77u /* odd: words repeat after 2^32 steps only */

static uint32_t first_word(uint32_t seed)
{
    return (seed + 1) * MIX;
}

/* The byte at `offset` of the pattern; the processor is little endian. */
static uint8_t pattern_byte(size_t offset, uint32_t seed)
{
    uint32_t word = first_word(seed) + (uint32_t)(offset / WORD_BYTES) * STEP;

    return (uint8_t)(word >> offset % WORD_BYTES * 8);
}

void pattern_fill(void *payload, size_t bytes, uint32_t seed)
{
    uint32_t *words = payload;
    uint8_t *last = payload;
    uint32_t word = first_word(seed);

    for (size_t i = 0; i < bytes / WORD_BYTES; i++, word += STEP)
        words[i] = word;
    for (size_t i = bytes - bytes % WORD_BYTES; i < bytes; i++)
        last[i] = pattern_byte(i, seed);
}

static bool bytes_hold(const uint8_t *payload, size_t begin, size_t end,
                       uint32_t seed, struct mismatch *where)
{
    for (size_t i = begin; i < end; i++) {
        uint8_t expected = pattern_byte(i, seed);

        if (payload[i] != expected) {
            *where = (struct mismatch){ i, expected, payload[i] };
            return false;
        }
    }
    return true;
}

bool pattern_holds(const void *payload, size_t bytes, uint32_t seed,
                   struct mismatch *where)
{
    const uint32_t *words = payload;
    size_t count = bytes / WORD_BYTES;
    uint32_t word = first_word(seed);

    for (size_t i = 0; i < count; i++, word += STEP)
        if (words[i] != word)
            return bytes_hold(payload, i * WORD_BYTES, bytes, seed, where);
    return bytes_hold(payload, count * WORD_BYTES, bytes, seed, where);
}
