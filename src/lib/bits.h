/* SPDX-License-Identifier: MIT */
/* Bits of a word, and single bits of a map.
 *
 * A map is an array of words; its bit i is bit i % 32 of word i / 32.  All code
 * that works on words of bits uses these functions.  lib/bitmap.h is made of
 * them: ranges of a map whose length is known.
 *
 * The functions for a map use the 386's own instructions (Intel's manual,
 * volume 2, "BT").  The processor finds the word itself, for any i, also for
 * one below 0.  C needs five instructions instead of one.  Fewer instructions
 * are not always less time: inside a processor of today that one is several
 * steps.
 */
#ifndef LIB_BITS_H
#define LIB_BITS_H

#include <stdbool.h>
#include <stdint.h>

#define WORD_BITS 32u

/* -- One word -------------------------------------------------------------- */

/* The number of the lowest 1 of a word that is not 0. */
static inline uint32_t lowest_bit(uint32_t word)
{
    return (uint32_t)__builtin_ctz(word);
}

/* The number of the highest 1 of a word that is not 0. */
static inline uint32_t highest_bit(uint32_t word)
{
    return 31u ^ (uint32_t)__builtin_clz(word);
}

/* A word whose lowest `count` bits are 1; `count` is 1 to 32. */
static inline uint32_t low_bits(uint32_t count)
{
    return ~0u >> (WORD_BITS - count);
}

/* How many bits of a word are 1.  It adds neighbours in parallel: 32 counters
 * of one bit become 16 of two bits and 8 of four bits.  The multiplication then
 * sums four bytes into the top one. */
static inline uint32_t count_ones(uint32_t word)
{
    word = word - ((word >> 1) & 0x55555555u);
    word = (word & 0x33333333u) + ((word >> 2) & 0x33333333u);
    word = (word + (word >> 4)) & 0x0F0F0F0Fu;
    return word * 0x01010101u >> 24;
}

/* -- A map ----------------------------------------------------------------- */

/* An output that is the carry flag.  A compiler that can branch on the flag
 * does; for any other the assembly stores it in a byte. */
#ifdef __GCC_ASM_FLAG_OUTPUTS__
#define CARRY_TO(output) ""
#define CARRY(variable)  "=@ccc"(variable)
#else
#define CARRY_TO(output) "; setc " output
#define CARRY(variable)  "=q"(variable)
#endif

/* The longest map: with it, the assembly says which memory it reads. */
struct map_words {
    uint32_t words[1u << 24];
};

/* Whether the bit is 1. */
static inline bool bit_test(const uint32_t *map, uint32_t bit)
{
    bool set;

    __asm__("btl %2, %1" CARRY_TO("%b0")
            : CARRY(set)
            : "m"(*(const struct map_words *)map), "r"(bit)
            : "cc");
    return set;
}

/* The same in one word: `bit` is below 32. */
static inline bool word_bit_test(uint32_t word, uint32_t bit)
{
    bool set;

    __asm__("btl %2, %1" CARRY_TO("%b0")
            : CARRY(set)
            : "rm"(word), "r"(bit)
            : "cc");
    return set;
}

/* Makes the bit 1. */
static inline void bit_set(uint32_t *map, uint32_t bit)
{
    __asm__("btsl %1, %0" : "+m"(*map) : "r"(bit) : "cc", "memory");
}

/* Makes the bit 0. */
static inline void bit_clear(uint32_t *map, uint32_t bit)
{
    __asm__("btrl %1, %0" : "+m"(*map) : "r"(bit) : "cc", "memory");
}

/* Makes the bit 1; returns whether it was 1 before. */
static inline bool bit_test_and_set(uint32_t *map, uint32_t bit)
{
    bool set;

    __asm__("btsl %2, %1" CARRY_TO("%b0")
            : CARRY(set), "+m"(*map)
            : "r"(bit)
            : "cc", "memory");
    return set;
}

/* 32 bits of a map from bit `bit` on, out of two words. */
static inline uint32_t bits_from(const uint32_t *map, uint32_t bit)
{
    const uint32_t *word = &map[bit / 32];
    uint32_t low = word[0];

    __asm__("shrdl %%cl, %1, %0" : "+r"(low) : "r"(word[1]), "c"(bit) : "cc");
    return low;
}

#endif
