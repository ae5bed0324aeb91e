/* SPDX-License-Identifier: MIT */
/* Single bits of an arena's two maps: what they mean is drawn in armour_maps.h.
 *
 * Here is all that C cannot say, so that the files above this one are plain C:
 * the 386's own instructions for a bit of a map, wherever it lies, and a word
 * to the compiler.
 */
#ifndef MM_ARMOUR_BITS_H
#define MM_ARMOUR_BITS_H

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

/* What was read from memory is read again behind this.  To keep an arena in
 * registers can take more of them than there are. */
static inline void read_again(void)
{
    __asm__ volatile("" ::: "memory");
}

#endif
