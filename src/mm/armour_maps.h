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
#ifndef MM_ARMOUR_MAPS_H
#define MM_ARMOUR_MAPS_H

#include "mm/armour_arena.h"

/* As much of a map as any arena may have: tells the compiler what is read. */
struct map_words {
    uint32_t words[1u << 24];
};

/* C has no words for what the 386 does in one instruction: bit i of a map,
 * wherever it lies, i < 0 included.  In C it takes five. */
static inline bool bit_test(const uint32_t *map, uint32_t bit)
{
    bool set;

    __asm__("btl %2, %1"
            : "=@ccc"(set)
            : "m"(*(const struct map_words *)map), "r"(bit));
    return set;
}

static inline void bit_set(uint32_t *map, uint32_t bit)
{
    __asm__("btsl %1, %0" : "+m"(*map) : "r"(bit) : "cc", "memory");
}

static inline void bit_clear(uint32_t *map, uint32_t bit)
{
    __asm__("btrl %1, %0" : "+m"(*map) : "r"(bit) : "cc", "memory");
}

static inline uint32_t lowest_bit(uint32_t word)
{
    return (uint32_t)__builtin_ctz(word);
}

static inline uint32_t highest_bit(uint32_t word)
{
    return 31u ^ (uint32_t)__builtin_clz(word);
}

static inline bool is_start(const struct arena *arena, uint32_t granule)
{
    return bit_test(arena->starts, granule);
}

/* Of a block's start. */
static inline bool is_used(const struct arena *arena, uint32_t start)
{
    return bit_test(arena->used, start);
}

static inline void mark_used(struct arena *arena, uint32_t start)
{
    bit_set(arena->used, start);
}

static inline void mark_free(struct arena *arena, uint32_t start)
{
    bit_clear(arena->used, start);
}

/* Cuts the block around `granule` in two there.  The second one's mark and the
 * lengths of both are the caller's to write. */
static inline void cut_at(struct arena *arena, uint32_t granule)
{
    bit_set(arena->starts, granule);
}

/* Joins the block that starts here to the one before it. */
static inline void join_at(struct arena *arena, uint32_t start)
{
    bit_clear(arena->starts, start);
}

/* The starts behind `start` in its own word, moved down: bit 0 stands for the
 * granule behind it.  Two shifts, because one by 32 would be none. */
static inline uint32_t later_starts(const struct arena *arena, uint32_t start)
{
    return arena->starts[start / WORD_BITS] >> (start % WORD_BITS) >> 1;
}

/* The WORD_BITS starts from `granule` on, bit 0 being its own, out of two
 * words of the map. */
static inline uint32_t starts_from(const struct arena *arena, uint32_t granule)
{
    const uint32_t *word = &arena->starts[granule / WORD_BITS];
    uint32_t low = word[0];

    __asm__("shrdl %%cl, %1, %0"
            : "+r"(low)
            : "r"(word[1]), "c"(granule)
            : "cc");
    return low;
}

/* Where the block that starts here ends. */
static inline uint32_t block_end(const struct arena *arena, uint32_t start)
{
    uint32_t word = start / WORD_BITS;
    uint32_t later = later_starts(arena, start);

    if (later)
        return start + 1 + lowest_bit(later);
    later = arena->starts[word + 1];
    if (later)
        return (start | 31) + 1 + lowest_bit(later);
    return start + arena->used[word + 1];
}

/* The block that ends where this one starts: the mirror image. */
static inline uint32_t block_previous(const struct arena *arena, uint32_t start)
{
    const uint32_t *word = &arena->starts[start / WORD_BITS];
    uint32_t earlier = word[0] << 1 << (31 - start % WORD_BITS);

    if (earlier)
        return start - WORD_BITS + highest_bit(earlier);
    if (word[-1])
        return (start & ~31u) - WORD_BITS + highest_bit(word[-1]);
    return start - (arena->used + start / WORD_BITS)[-1];
}

/* Writes the length of the block [start, end) into its hole, if it has one. */
static inline void note_length(struct arena *arena, uint32_t start,
                               uint32_t end)
{
    uint32_t first = start / WORD_BITS + 1, behind_last = end / WORD_BITS;

    if (end - start > WORD_BITS && first < behind_last) {
        arena->used[first] = end - start;
        arena->used[behind_last - 1] = end - start;
    }
}

#endif
