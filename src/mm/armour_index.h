/* SPDX-License-Identifier: MIT */
/* Which free runs there are of a length: a cache of the truth, distrusted.
 *
 * A run is a free block.  Those of about one length, a class, form a ring
 * through a head among the bookkeeping; the links are numbers of granules, and
 * a run keeps its two in its own first granule, where payload was.
 *
 *      head of class 5         run 120                run 77
 *     +------+----------+    +------+----------+    +------+----------+
 *     | next | previous |    | next | previous |    | next | previous |
 *     | 120  |    77    |    |  77  |  -head-  |    | head |   120    |
 *     +------+----------+    +------+----------+    +------+----------+
 *
 *     X1: every free run is in the ring of its class, except the wilderness,
 *         the youngest run and the piles.
 *     X2: a class has its bit in class_bits if its ring is not empty.
 *
 * Free memory can be written by whoever still holds a pointer to it.  So a link
 * is a hint: before anything is written through it, its target must be a head
 * or, says the map, the start of a free block, and must point back.  A damaged
 * link is found by the first who would use it, and all rings are then tied
 * anew from the maps: linear, but only after a fault.  No hint decides what is
 * used, what is free or how long it is.
 */
#ifndef MM_ARMOUR_INDEX_H
#define MM_ARMOUR_INDEX_H

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

/* Behind the last of its ring: the oldest run is taken first, so that the
 * others have time to be merged. */
static inline void index_insert(struct arena *arena, uint32_t run,
                                uint32_t length)
{
    uint32_t class = class_of(length), head = head_of(arena, class);
    struct links *ends = links_of(arena, head), *links = links_of(arena, run);
    uint32_t previous = ends->previous;

    links->next = head;
    links->previous = previous;
    ends->previous = run;
    links_of(arena, previous)->next = run;
    bit_set(arena->class_bits, class);
    bit_set(&arena->summary, class / WORD_BITS);
}

/* Whether a link may be written through: to a head or a free run.  The maps
 * reach down to the heads and call them free. */
static inline bool is_link(const struct arena *arena, uint32_t run)
{
    return run - arena->lowest < arena->numbers && is_start(arena, run) &&
           !is_used(arena, run);
}

/* For a run whose links make no sense: ties all rings anew, and takes the run
 * out of its ring then. */
bool index_remove_damaged(struct arena *arena, uint32_t run);

/* Takes a run out of its ring; false, and nothing done, if it is a pile. */
static __attribute__((noinline, unused)) bool index_remove(struct arena *arena,
                                                           uint32_t run)
{
    uint32_t next = links_of(arena, run)->next;
    uint32_t previous = links_of(arena, run)->previous;

    if ((previous ^ PILE_MARK) <= STRIP_SIZE_MAX && is_pile(arena, run))
        return false;
    if (!is_link(arena, next) || links_of(arena, next)->previous != run)
        return index_remove_damaged(arena, run);
    /* Read the arena again: to keep it in registers takes more than there
     * are. */
    __asm__ volatile("" ::: "memory");
    if (!is_link(arena, previous) || links_of(arena, previous)->next != run)
        return index_remove_damaged(arena, run);
    links_of(arena, next)->previous = previous;
    links_of(arena, previous)->next = next;
    if (next == previous) /* the head, alone again */
        bit_clear(arena->class_bits, class_of_head(arena, next));
    return true;
}

static inline uint32_t class_first(const struct arena *arena, uint32_t class)
{
    return links_of(arena, head_of(arena, class))->next;
}

/* The first class from `class` on that has a run, or `classes` or more.  Bits
 * of the summary that have become wrong are cleared on the way. */
static inline uint32_t class_search(struct arena *arena, uint32_t class)
{
    uint32_t word = class / WORD_BITS;
    uint32_t bits = arena->class_bits[word] & ~0u << class % WORD_BITS;

    while (!bits) {
        bits = arena->summary & ~1u << word;
        if (!bits)
            return arena->classes;
        word = lowest_bit(bits);
        bits = arena->class_bits[word];
        if (!bits)
            bit_clear(&arena->summary, word);
    }
    return word * WORD_BITS + lowest_bit(bits);
}

/* A run of at least `length` granules, and not much more if possible: the first
 * of the lowest class in which all are long enough, except that the first of
 * length's own class is tried before.  NO_GRANULE if there is none. */
static inline uint32_t index_find(struct arena *arena, uint32_t length)
{
    uint32_t class = class_of(length), run;

    if (length >= EXACT_LENGTHS) {
        run = class_first(arena, class);
        if (run != head_of(arena, class) &&
            block_end(arena, run) - run >= length)
            return run;
        class ++;
    }
    class = class_search(arena, class);
    if (class >= arena->classes)
        return NO_GRANULE;
    return class_first(arena, class);
}

#endif
