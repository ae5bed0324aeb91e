/* SPDX-License-Identifier: MIT */
/* Links, classes and heads of the index, which is drawn in armour_index.h. */
#ifndef MM_ARMOUR_ARMOUR_LINKS_H
#define MM_ARMOUR_ARMOUR_LINKS_H

#include "mm/armour/armour_maps.h"

struct links {
    uint32_t next, previous;
};

_Static_assert(sizeof(struct links) == GRANULE_BYTES,
               "a run of one granule has room for its links");

/* Below this each length is a class of its own.  Above there are 16 classes a
 * doubling up to 127 granules, and then four: 32..33, 34..35, ..., 64..67, ...,
 * 128..159, 160..191, 192..223, 224..255, 256..319, ... */
#define EXACT_LENGTHS 32u

/* In place of a link back, in the run of a pile (armour_sizes.h): its size. */
#define PILE_MARK NO_GRANULE

/* Ties all rings anew.  `suspect` is the run whose links made no sense. */
void index_rebuild(struct arena *arena, uint32_t suspect);

/* Whether a free block is the pile of a size: then it is in no ring. */
bool is_pile(const struct arena *arena, uint32_t run);

/* The class of the runs with `length`.  With p the highest bit of one that is
 * long, `length` >> (p - 2) is 4..7 and says where in its doubling it lies. */
static inline uint32_t class_of(uint32_t length)
{
    uint32_t power;

    if (length < EXACT_LENGTHS)
        return length;
    if (length < 64)
        return 16 + length / 2;
    if (length < 128)
        return 32 + length / 4;
    power = highest_bit(length);
    return 32 + power * 4 + (length >> (power - 2));
}

/* Heads have the numbers below -1, the highest class next to it. */
static inline uint32_t head_of(const struct arena *arena, uint32_t class)
{
    return arena->lowest + class;
}

static inline uint32_t class_of_head(const struct arena *arena, uint32_t head)
{
    return head - arena->lowest;
}

static inline struct links *links_of(const struct arena *arena, uint32_t run)
{
    return (struct links *)armour_address_of(arena, run);
}

/* For a run whose links make no sense: ties all rings anew, and takes the run
 * out of its ring then. */
bool index_remove_damaged(struct arena *arena, uint32_t run);

/* Of armour_index.h, and declared here for the sake of its attributes: that
 * file is plain C.  A rarer way that is never inlined does not cost the common
 * one the saving of registers. */
static bool armour_index_remove(struct arena *arena, uint32_t run)
    __attribute__((noinline, unused));

#endif
