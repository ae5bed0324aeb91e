/* SPDX-License-Identifier: MIT */
/* Bits, by the 386's own instructions for them.
 *
 * A map is an array of words; its bit i is bit i % 32 of word i / 32.  The
 * processor finds that itself (Intel's manual, volume 2, "BT"), for any i, also
 * one below 0.  In C it takes five instructions instead of one.  That is fewer
 * to fetch, not always less time: to a processor of today the one is several
 * steps inside.
 */
#ifndef LIB_BITS_H
#define LIB_BITS_H

#include <stdbool.h>
#include <stdint.h>

/* An output that is the carry flag.  A compiler that can branch on the flag
 * does; for any other the assembly stores it in a byte. */
#ifdef __GCC_ASM_FLAG_OUTPUTS__
#define CARRY_TO(output) ""
#define CARRY(variable)  "=@ccc"(variable)
#else
#define CARRY_TO(output) "; setc " output
#define CARRY(variable)  "=q"(variable)
#endif

/* As much of a map as there may be: tells the compiler what is read. */
struct map_words {
    uint32_t words[1u << 24];
};

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

    __asm__("btl %2, %1" : "=@ccc"(set) : "rm"(word), "r"(bit));
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

/* Sets the bit; whether it was set before. */
static inline bool bit_test_and_set(uint32_t *map, uint32_t bit)
{
    bool set;

    __asm__("btsl %2, %1" CARRY_TO("%b0")
            : CARRY(set), "+m"(*map)
            : "r"(bit)
            : "cc", "memory");
    return set;
}

/* 32 bits of a map from any bit on, out of two words. */
static inline uint32_t bits_from(const uint32_t *map, uint32_t bit)
{
    const uint32_t *word = &map[bit / 32];
    uint32_t low = word[0];

    __asm__("shrdl %%cl, %1, %0" : "+r"(low) : "r"(word[1]), "c"(bit) : "cc");
    return low;
}

/* Of a word other than 0. */
static inline uint32_t lowest_bit(uint32_t word)
{
    return (uint32_t)__builtin_ctz(word);
}

static inline uint32_t highest_bit(uint32_t word)
{
    return 31u ^ (uint32_t)__builtin_clz(word);
}

#endif
