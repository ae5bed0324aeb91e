/* SPDX-License-Identifier: MIT */
/* Single bits of an arena's two maps: what they mean is drawn in armour_maps.h.
 *
 * Here and in lib/bits.h is all that C cannot say, so that the files above this
 * one are plain C.
 */
#ifndef MM_ARMOUR_ARMOUR_BITS_H
#define MM_ARMOUR_ARMOUR_BITS_H

#include "lib/bits.h"
#include "mm/armour/armour_arena.h"

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
