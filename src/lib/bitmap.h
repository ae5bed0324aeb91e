/* SPDX-License-Identifier: MIT */
/* Ranges of bits, in words that the caller provides.
 *
 *     word 0                             word 1
 *     bit 0  1  2  ...               31  bit 32 ...
 *
 * Bit i is in word i / 32 at position i % 32.  Bits past `bits` in the last
 * word may have any value: no search reports them, and they are never counted.
 */
#ifndef LIB_BITMAP_H
#define LIB_BITMAP_H

#include "lib/bits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BITMAP_WORD_BITS WORD_BITS
#define BITMAP_NONE      SIZE_MAX

struct bitmap {
    uint32_t *words;
    size_t bits;
};

/* Words that hold `bits` bits. */
static inline size_t bitmap_word_count(size_t bits)
{
    return bits / BITMAP_WORD_BITS + (bits % BITMAP_WORD_BITS != 0);
}

/* Single bits.  Each asserts that index < bits. */
bool bitmap_test(const struct bitmap *bitmap, size_t index);
void bitmap_set(struct bitmap *bitmap, size_t index);
void bitmap_clear(struct bitmap *bitmap, size_t index);

/* Ranges [first, first + count), word by word; count may be 0. */
void bitmap_set_range(struct bitmap *bitmap, size_t first, size_t count);
void bitmap_clear_range(struct bitmap *bitmap, size_t first, size_t count);
bool bitmap_all_set(const struct bitmap *bitmap, size_t first, size_t count);
bool bitmap_all_clear(const struct bitmap *bitmap, size_t first, size_t count);

/* The first clear bit at or after `from`, or BITMAP_NONE. */
size_t bitmap_find_clear(const struct bitmap *bitmap, size_t from);
/* The first set bit at or after `from`, or BITMAP_NONE. */
size_t bitmap_find_set(const struct bitmap *bitmap, size_t from);
/* The first run of `count` clear bits that starts at a multiple of `align`
 * (a power of two), or BITMAP_NONE. */
size_t bitmap_find_clear_run(const struct bitmap *bitmap, size_t count,
                             size_t align);

/* How many bits are set. */
size_t bitmap_count(const struct bitmap *bitmap);

#endif
