/* SPDX-License-Identifier: MIT */
/* The two maps: what is a block, and whether it is used.
 *
 *     granule    0 1 2 3 4 5 6 7 8 9
 *     starts     1 0 0 1 0 1 0 0 0 1      blocks [0,3) [3,5) [5,9) ...
 *     used       1 - - 0 - 1 - - - 1      [3,5) is free, the others are used
 *
 *     M1: the starts cut the arena into blocks; `used` counts at a start only.
 *
 * A block ends where the next one starts.  In a long block whole words of
 * `starts` are 0: the map gap.  As nothing is marked there, its first and its
 * last word hold the block's length, in the other map:
 *
 *     starts     ...00001 | 00000000 | 00000000 | 00000000 | 0100...
 *     used       ...    1 |  length  |    -     |  length  |  1
 *                   start    first       gap       last       next start
 *
 *     M2: a word of `starts` wholly inside a block is 0; `used` has the block's
 *         length in the first and in the last such word (maybe the same).
 *         Except in the last freed run and the wilderness: their ends are in
 *         struct arena, and are compared first.
 *
 * So the next start and the previous one are found by looking at two words,
 * for 8 bytes as for 2 MiB.  Only a block of 33 granules or more can cover a
 * word.
 */
#ifndef MM_ARMOUR_ARMOUR_MAPS_H
#define MM_ARMOUR_ARMOUR_MAPS_H

#include "lib/bits.h"
#include "mm/armour/armour.h"

/* -- Single bits ----------------------------------------------------------- */

static inline bool is_start(const struct arena *arena, granule_t granule)
{
    return bit_test(arena->starts, granule.number);
}

/* Of a block's start. */
static inline bool is_used(const struct arena *arena, granule_t start)
{
    return bit_test(arena->used, start.number);
}

static inline void mark_used(struct arena *arena, granule_t start)
{
    bit_set(arena->used, start.number);
}

static inline void mark_free(struct arena *arena, granule_t start)
{
    bit_clear(arena->used, start.number);
}

/* Cuts the block around `granule` in two there.  The second one's mark and the
 * lengths of both are the caller's to write. */
static inline void cut_at(struct arena *arena, granule_t granule)
{
    bit_set(arena->starts, granule.number);
}

/* Joins the block that starts here to the one before it. */
static inline void join_at(struct arena *arena, granule_t start)
{
    bit_clear(arena->starts, start.number);
}

/* -- Blocks ---------------------------------------------------------------- */

/* The WORD_BITS starts from `granule` on, bit 0 being its own. */
static inline uint32_t starts_from(const struct arena *arena, granule_t granule)
{
    return bits_from(arena->starts, granule.number);
}

/* How long the block is that starts at `start`, of which is known that no other
 * starts within WORD_BITS granules. */
static inline granules_t long_length(const struct arena *arena, granule_t start)
{
    /* LAB 7 BEGIN: return (granules_t){ 1 }; */
    uint32_t word = start.number / WORD_BITS + 1;
    uint32_t later = arena->starts[word];

    if (later)
        return (granules_t){ word * WORD_BITS + lowest_bit(later) -
                             start.number };
    return (granules_t){ arena->used[word] };
    /* LAB 7 END */
}

/* How long the block is that starts at `start`: up to the next start.  No loop.
 * Not for the last freed run and the wilderness. */
static inline granules_t block_length(const struct arena *arena,
                                      granule_t start)
{
    uint32_t later = starts_from(arena, start) & ~1u;

    if (later)
        return (granules_t){ lowest_bit(later) };
    return long_length(arena, start);
}

static inline granule_t block_end(const struct arena *arena, granule_t start)
{
    return granule_after(start, block_length(arena, start));
}

/* Where the block that ends at `start` starts: block_length() in a mirror.
 * Before granule 0 that is the sentinel, which is used. */
static inline granule_t armour_block_previous(const struct arena *arena,
                                              granule_t start)
{
    /* LAB 7 BEGIN: return (granule_t){ (uint32_t)-1 }; */
    granule_t from = { start.number - WORD_BITS };
    uint32_t word = start.number / WORD_BITS;
    uint32_t earlier = bits_from(arena->starts - 1, start.number);

    if (earlier)
        return (granule_t){ from.number + highest_bit(earlier) };
    earlier = (arena->starts + word)[-1];
    if (earlier)
        return (granule_t){ (word - 1) * WORD_BITS + highest_bit(earlier) };
    return (granule_t){ start.number - (arena->used + word)[-1] };
    /* LAB 7 END */
}

/* Writes the length of the block [start, end) into its map gap, if it has one
 * (M2).  Whoever has cut or joined a block calls it. */
static inline void note_length(struct arena *arena, granule_t start,
                               granule_t end)
{
    /* LAB 7 BEGIN */
    uint32_t first = start.number / WORD_BITS + 1;
    uint32_t after_last = end.number / WORD_BITS;
    uint32_t length = end.number - start.number;

    if (length > WORD_BITS && first < after_last) {
        arena->used[first] = length;
        arena->used[after_last - 1] = length;
    }
    /* LAB 7 END */
}

/* Asked of any number at all, before it is believed: is there such a granule,
 * is it marked used, does a block start there?  If so, *length is that of the
 * block, but WORD_BITS if it is longer. */
static inline bool is_block(const struct arena *arena, granule_t start,
                            granules_t *length)
{
    /* LAB 7 BEGIN: return false; */
    uint32_t starts;

    if (start.number >= arena->length.count || !is_used(arena, start))
        return false;
    starts = starts_from(arena, start);
    if ((starts & 1) == 0)
        return false;
    starts &= ~1u;
    length->count = starts ? lowest_bit(starts) : WORD_BITS;
    return true;
    /* LAB 7 END */
}

/* However long it is. */
static inline granules_t full_length(const struct arena *arena, granule_t start,
                                     granules_t length)
{
    return length.count < WORD_BITS ? length : long_length(arena, start);
}

/* Where any block ends, also one of the two. */
static inline granule_t block_end_any(const struct arena *arena,
                                      granule_t start)
{
    if (is_same(start, arena->last_freed.begin))
        return arena->last_freed.end;
    if (is_same(start, arena->wilderness.begin))
        return arena->wilderness.end;
    return block_end(arena, start);
}

#endif
