/* SPDX-License-Identifier: MIT */
/* The truth about an arena: two bits a granule, beside nobody's payload.
 *
 *     granule    0 1 2 3 4 5 6 7 8 9
 *     starts     1 0 0 1 0 1 0 0 0 1      blocks [0,3) [3,5) [5,9) ...
 *     used       1 - - 0 - 1 - - - 1      [3,5) is free, the others are used
 *
 *     M1: the starts cut the arena into blocks; `used` counts at a start only.
 *
 * A block ends where the next one starts.  Who looks for that in a large block
 * meets words without a start; as nothing is marked there, the first and the
 * last of these hold the length instead, in the other map:
 *
 *     starts     ...00001 | 00000000 | 00000000 | 00000000 | 0100...
 *     used       ...    1 |  length  |    -     |  length  |  1
 *                   start    first       hole      last       next start
 *
 *     M2: a word of `starts` wholly inside a block is 0; `used` has the block's
 *         length in the first and in the last such word (maybe the same).
 *
 * So the next start and the previous one are found by looking at two words,
 * for 8 bytes as for 2 MiB.  Only a block of 33 granules or more can cover a
 * word.
 */
#ifndef MM_ARMOUR_ARMOUR_MAPS_H
#define MM_ARMOUR_ARMOUR_MAPS_H

#include "mm/armour/armour_bits.h"

/* Where the block that starts at `start` ends: the next start.  No loop. */
static inline uint32_t armour_block_end(const struct arena *arena,
                                        uint32_t start)
{
    /* LAB 7 BEGIN: return start + 1; */
    uint32_t word = start / WORD_BITS;
    uint32_t later = later_starts(arena, start);

    if (later)
        return start + 1 + lowest_bit(later);
    later = arena->starts[word + 1];
    if (later)
        return (start | 31) + 1 + lowest_bit(later);
    return start + arena->used[word + 1];
    /* LAB 7 END */
}

/* Where the block that ends at `start` starts: armour_block_end() mirrored.
 * In front of granule 0 that is -1, which belongs to nobody and is used. */
static inline uint32_t armour_block_previous(const struct arena *arena,
                                             uint32_t start)
{
    /* LAB 7 BEGIN: return (uint32_t)-1; */
    const uint32_t *word = &arena->starts[start / WORD_BITS];
    uint32_t earlier = word[0] << 1 << (31 - start % WORD_BITS);

    if (earlier)
        return start - WORD_BITS + highest_bit(earlier);
    if (word[-1])
        return (start & ~31u) - WORD_BITS + highest_bit(word[-1]);
    return start - (arena->used + start / WORD_BITS)[-1];
    /* LAB 7 END */
}

/* Writes the length of the block [start, end) into its hole, if it has one
 * (M2). Whoever has cut or joined a block calls it. */
static inline void note_length(struct arena *arena, uint32_t start,
                               uint32_t end)
{
    /* LAB 7 BEGIN */
    uint32_t first = start / WORD_BITS + 1, behind_last = end / WORD_BITS;

    if (end - start > WORD_BITS && first < behind_last) {
        arena->used[first] = end - start;
        arena->used[behind_last - 1] = end - start;
    }
    /* LAB 7 END */
}

/* Asked of any address at all, before it is believed: is there such a granule,
 * is it marked used, does a block start there?  If so, the length of that
 * block, but WORD_BITS if it is longer; else 0. */
static inline uint32_t short_block_length(const struct arena *arena,
                                          uintptr_t address)
{
    /* LAB 7 BEGIN: return 0; */
    uint32_t start = granule_of(arena, address), starts;

    if (start >= arena->granules || !is_used(arena, start))
        return 0;
    starts = starts_from(arena, start);
    if ((starts & 1) == 0)
        return 0;
    starts &= ~1u;
    if (starts == 0)
        return WORD_BITS;
    return lowest_bit(starts);
    /* LAB 7 END */
}

#endif
