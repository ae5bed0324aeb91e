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
#ifndef MM_ARMOUR_ARMOUR_INDEX_H
#define MM_ARMOUR_ARMOUR_INDEX_H

#include "mm/armour/armour_links.h"

/* Puts the free run of `length` granules at `run` into the ring of its class,
 * and sets the class's bits (X2).  Behind the last: the oldest run is taken
 * first, so that the others have time to be merged. */
static inline void armour_index_insert(struct arena *arena, uint32_t run,
                                       uint32_t length)
{
    /* LAB 7 BEGIN */
    uint32_t class = class_of(length), head = head_of(arena, class);
    struct links *ends = links_of(arena, head), *links = links_of(arena, run);
    uint32_t previous = ends->previous;

    links->next = head;
    links->previous = previous;
    ends->previous = run;
    links_of(arena, previous)->next = run;
    bit_set(arena->class_bits, class);
    bit_set(&arena->summary, class / WORD_BITS);
    /* LAB 7 END */
}

/* Whether a link, which may be any number, may be written through: to a head or
 * to the start of a free block.  The maps reach down to the heads, from
 * arena->lowest on, and call them free blocks. */
static inline bool armour_is_link(const struct arena *arena, uint32_t run)
{
    /* LAB 7 BEGIN: return true; */
    return run - arena->lowest < arena->numbers && is_start(arena, run) &&
           !is_used(arena, run);
    /* LAB 7 END */
}

/* Takes a run out of its ring, and clears its class's bit in class_bits if that
 * was the last; false, and nothing done, if it is a pile.  Nothing is written
 * through a link that armour_is_link() refuses or that does not point back:
 * index_remove_damaged() does the rest then. */
static bool armour_index_remove(struct arena *arena, uint32_t run)
{
    /* LAB 7 BEGIN: return false; */
    uint32_t next = links_of(arena, run)->next;
    uint32_t previous = links_of(arena, run)->previous;

    if ((previous ^ PILE_MARK) <= SIZES_MAX && is_pile(arena, run))
        return false;
    if (!armour_is_link(arena, next) || links_of(arena, next)->previous != run)
        return index_remove_damaged(arena, run);
    read_again();
    if (!armour_is_link(arena, previous) ||
        links_of(arena, previous)->next != run)
        return index_remove_damaged(arena, run);
    links_of(arena, next)->previous = previous;
    links_of(arena, previous)->next = next;
    if (next == previous) /* the head, alone again */
        bit_clear(arena->class_bits, class_of_head(arena, next));
    return true;
    /* LAB 7 END */
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
static inline uint32_t armour_index_find(struct arena *arena, uint32_t length)
{
    uint32_t class = class_of(length), run;

    if (length >= EXACT_LENGTHS) {
        run = class_first(arena, class);
        if (run != head_of(arena, class) &&
            armour_block_end(arena, run) - run >= length)
            return run;
        class ++;
    }
    class = class_search(arena, class);
    if (class >= arena->classes)
        return NO_GRANULE;
    return class_first(arena, class);
}

#endif
