/* SPDX-License-Identifier: MIT */
/* When a link makes no sense: everything that is rare about the index.
 *
 * There are three reasons why the links of a free block do not agree with
 * their neighbours: it is a pile, which is in no ring and has a mark instead;
 * somebody wrote to this block after it was freed; or to a neighbour in the
 * ring.  The mark is a hint too, so arena->piles decides about the first, and
 * the maps then say what the rings must be.
 */
#include "mm/armour/armour_index.h"

#include "lib/panic.h"
#include "lib/print.h"

bool is_pile(const struct arena *arena, uint32_t run)
{
    uint32_t size = links_of(arena, run)->previous ^ PILE_MARK;
    const struct extent *pile;

    /* The size is a hint like any link. */
    if (size == 0 || size > arena->sizes)
        return false;
    pile = &arena->piles[size];
    return pile->begin == run && pile->end != run;
}

static void piles_mark(struct arena *arena)
{
    for (uint32_t size = 1; size <= arena->sizes; size++) {
        struct extent pile = arena->piles[size];

        if (pile.begin != pile.end)
            links_of(arena, pile.begin)->previous = PILE_MARK | size;
    }
}

static void rings_empty(struct arena *arena)
{
    for (uint32_t class = 0; class < arena->classes; class ++) {
        uint32_t head = head_of(arena, class);

        *links_of(arena, head) = (struct links){ head, head };
        bit_clear(arena->class_bits, class);
    }
}

void index_rebuild(struct arena *arena, uint32_t suspect)
{
    uint32_t end;

    arena->rebuilds++;
    print("armour: free memory near %#lx was written to; index rebuilt\n",
          (unsigned long)armour_address_of(arena, suspect));
    piles_mark(arena);
    rings_empty(arena);
    for (uint32_t at = 0; at < arena->granules; at = end) {
        end = armour_block_end(arena, at);
        if (!is_used(arena, at) && at != arena->wilderness.begin &&
            at != arena->youngest.begin && !is_pile(arena, at))
            armour_index_insert(arena, at, end - at);
    }
}

bool index_remove_damaged(struct arena *arena, uint32_t run)
{
    uint32_t next, previous;

    index_rebuild(arena, run);
    /* The mark of a pile may have been the damage. */
    if (is_pile(arena, run))
        return false;
    next = links_of(arena, run)->next;
    previous = links_of(arena, run)->previous;
    if (!armour_is_link(arena, next) ||
        links_of(arena, next)->previous != run ||
        !armour_is_link(arena, previous) ||
        links_of(arena, previous)->next != run)
        panic("armour: the rings are new, but the links of %#lx make no sense",
              (unsigned long)armour_address_of(arena, run));
    return armour_index_remove(arena, run);
}
