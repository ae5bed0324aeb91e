/* SPDX-License-Identifier: MIT */
/* Links, classes and heads of the index, which is drawn in armour_index.h. */
#ifndef MM_ARMOUR_LINKS_H
#define MM_ARMOUR_LINKS_H

#include "mm/armour_maps.h"

struct links {
    uint32_t next, previous;
};

_Static_assert(sizeof(struct links) == GRANULE_BYTES,
               "a run of one granule has room for its links");

/* Up to here each length is a class of its own, above there are four classes a
 * doubling: 64..79, 80..95, 96..111, 112..127, 128..159, ... */
#define EXACT_LENGTHS 64u

/* Larger blocks than this are cut one by one, and released one by one: see
 * armour_sizes.h. */
#define STRIP_SIZE_MAX 8u
/* In place of a link back, in the run of a pile: its size. */
#define PILE_MARK NO_GRANULE

/* Ties all rings anew.  `suspect` is the run whose links made no sense. */
void index_rebuild(struct arena *arena, uint32_t suspect);

/* Whether a free block is the pile of a size: then it is in no ring. */
bool is_pile(const struct arena *arena, uint32_t run);

/* The class of the runs with `length`.  With p the highest bit of `length`,
 * `length` >> (p - 2) is 4..7 and says where in its doubling it lies. */
static inline uint32_t class_of(uint32_t length)
{
    uint32_t power;

    if (length < EXACT_LENGTHS)
        return length;
    power = highest_bit(length);
    return power * 4 + (length >> (power - 2)) + 36;
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
    return (struct links *)address_of(arena, run);
}

/* For a run whose links make no sense: ties all rings anew, and takes the run
 * out of its ring then. */
bool index_remove_damaged(struct arena *arena, uint32_t run);

/* Of armour_index.h, and declared here for the sake of its attributes: that
 * file is plain C.  A rarer way that is never inlined does not cost the common
 * one the saving of registers. */
static bool index_remove(struct arena *arena, uint32_t run)
    __attribute__((noinline, unused));

#endif
