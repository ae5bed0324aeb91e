/* SPDX-License-Identifier: MIT */
/* Everything here works a word at a time.
 *
 *     first                                      first + count
 *       v                                          v
 *     |.....xxxxxxxx|xxxxxxxxxxxxx|xxxxxxxxxxxxx|xxx..........|
 *      partial word  whole words                 partial word
 *
 * A range is cut at word borders, and each piece is a mask: the bits of that
 * word that belong to the range.  Setting, clearing and testing then are one
 * operation a word.
 */
#include "lib/bitmap.h"

#include "lib/panic.h"

#define ALL_ONES UINT32_MAX

static size_t bitmap_word(size_t index)
{
    return index / BITMAP_WORD_BITS;
}

static uint32_t bitmap_bit(size_t index)
{
    return 1u << index % BITMAP_WORD_BITS;
}

/* The bits from `first` on within its word, at most `count` of them. */
static uint32_t range_mask(size_t first, size_t count)
{
    uint32_t from_first = ALL_ONES << first % BITMAP_WORD_BITS;
    size_t above = first % BITMAP_WORD_BITS + count;

    /* A shift by 32 is undefined, so a mask that reaches the top is not cut. */
    if (above >= BITMAP_WORD_BITS)
        return from_first;
    return from_first & ~(ALL_ONES << above);
}

/* How many bits of the range range_mask() has taken. */
static size_t mask_bits(size_t first, size_t count)
{
    size_t to_border = BITMAP_WORD_BITS - first % BITMAP_WORD_BITS;

    return count < to_border ? count : to_border;
}

static void assert_range(const struct bitmap *bitmap, size_t first,
                         size_t count)
{
    ASSERT_BELOW(first, bitmap->bits + 1);
    ASSERT_BELOW(count, bitmap->bits - first + 1);
}

bool bitmap_test(const struct bitmap *bitmap, size_t index)
{
    ASSERT_BELOW(index, bitmap->bits);
    return (bitmap->words[bitmap_word(index)] & bitmap_bit(index)) != 0;
}

void bitmap_set(struct bitmap *bitmap, size_t index)
{
    ASSERT_BELOW(index, bitmap->bits);
    bitmap->words[bitmap_word(index)] |= bitmap_bit(index);
}

void bitmap_clear(struct bitmap *bitmap, size_t index)
{
    ASSERT_BELOW(index, bitmap->bits);
    bitmap->words[bitmap_word(index)] &= ~bitmap_bit(index);
}

void bitmap_set_range(struct bitmap *bitmap, size_t first, size_t count)
{
    assert_range(bitmap, first, count);
    while (count > 0) {
        size_t bits = mask_bits(first, count);

        bitmap->words[bitmap_word(first)] |= range_mask(first, bits);
        first += bits;
        count -= bits;
    }
}

void bitmap_clear_range(struct bitmap *bitmap, size_t first, size_t count)
{
    assert_range(bitmap, first, count);
    while (count > 0) {
        size_t bits = mask_bits(first, count);

        bitmap->words[bitmap_word(first)] &= ~range_mask(first, bits);
        first += bits;
        count -= bits;
    }
}

/* Whether each word of the range, with the bits of `flip` turned over, is zero
 * within the range. */
static bool range_is_zero(const struct bitmap *bitmap, size_t first,
                          size_t count, uint32_t flip)
{
    assert_range(bitmap, first, count);
    while (count > 0) {
        size_t bits = mask_bits(first, count);
        uint32_t word = bitmap->words[bitmap_word(first)] ^ flip;

        if ((word & range_mask(first, bits)) != 0)
            return false;
        first += bits;
        count -= bits;
    }
    return true;
}

bool bitmap_all_set(const struct bitmap *bitmap, size_t first, size_t count)
{
    return range_is_zero(bitmap, first, count, ALL_ONES);
}

bool bitmap_all_clear(const struct bitmap *bitmap, size_t first, size_t count)
{
    return range_is_zero(bitmap, first, count, 0);
}

/* The first bit at or after `from` that is set once `flip` has been turned
 * over.  Bits past the end may be found in the last word: they do not count. */
static size_t find_set_flipped(const struct bitmap *bitmap, size_t from,
                               uint32_t flip)
{
    uint32_t mask = ALL_ONES << from % BITMAP_WORD_BITS;

    if (from >= bitmap->bits)
        return BITMAP_NONE;
    for (size_t i = bitmap_word(from); i < bitmap_word_count(bitmap->bits);
         i++) {
        uint32_t word = (bitmap->words[i] ^ flip) & mask;

        if (word != 0) {
            size_t found = i * BITMAP_WORD_BITS + lowest_bit(word);

            return found < bitmap->bits ? found : BITMAP_NONE;
        }
        mask = ALL_ONES;
    }
    return BITMAP_NONE;
}

size_t bitmap_find_clear(const struct bitmap *bitmap, size_t from)
{
    return find_set_flipped(bitmap, from, ALL_ONES);
}

size_t bitmap_find_set(const struct bitmap *bitmap, size_t from)
{
    return find_set_flipped(bitmap, from, 0);
}

/* Jumps from one stretch of clear bits to the next.  Each word is looked at
 * once for where a stretch begins and once for where it ends. */
size_t bitmap_find_clear_run(const struct bitmap *bitmap, size_t count,
                             size_t align)
{
    size_t first = bitmap_find_clear(bitmap, 0);

    ASSERT_BELOW(0, count);
    ASSERT(align != 0 && (align & (align - 1)) == 0);
    while (first != BITMAP_NONE) {
        size_t end = bitmap_find_set(bitmap, first);
        size_t skipped = (0 - first) & (align - 1); /* to the next multiple */

        if (end == BITMAP_NONE)
            end = bitmap->bits;
        if (skipped <= end - first && count <= end - first - skipped)
            return first + skipped;
        first = bitmap_find_clear(bitmap, end);
    }
    return BITMAP_NONE;
}

size_t bitmap_count(const struct bitmap *bitmap)
{
    size_t whole = bitmap->bits / BITMAP_WORD_BITS;
    size_t rest = bitmap->bits % BITMAP_WORD_BITS;
    size_t ones = 0;

    for (size_t i = 0; i < whole; i++)
        ones += count_ones(bitmap->words[i]);
    if (rest != 0)
        ones += count_ones(bitmap->words[whole] & range_mask(0, rest));
    return ones;
}
