/* SPDX-License-Identifier: MIT */
/* Regions of physical memory, as the boot loader and the kernel name them.
 *
 * Regions are half open, [begin, end), and 64 bits wide: firmware of a 32-bit
 * machine may well report memory above 4 GiB.
 */
#ifndef LIB_REGION_H
#define LIB_REGION_H

#include "lib/addr.h"

#include <stddef.h>
#include <stdint.h>

struct region {
    uint64_t begin;
    uint64_t end;
    const char *name; /* what it is, for the boot log: "available", "image" */
};

/* The machine's memory, for the frame allocator.  Regions may come in any
 * order, may overlap and may reach above 4 GiB.  Where an available region
 * overlaps one that is in use, the memory is in use. */
struct memory_layout {
    const struct region *available;
    size_t available_count;
    const struct region *in_use;
    size_t in_use_count;
    uint64_t reach; /* the kernel reaches physical memory below this only */
};

/* Round to a page border; page_up() stops at the highest border. */
static inline uint64_t page_down(uint64_t address)
{
    return address & ~(uint64_t)(PAGE_BYTES - 1);
}

static inline uint64_t page_up(uint64_t address)
{
    if (address > page_down(UINT64_MAX))
        return page_down(UINT64_MAX);
    return page_down(address + PAGE_BYTES - 1);
}

/* For checkers, which compute the state of memory in their own way: memory is
 * cut at every place where a region begins or ends.
 *
 *     regions    |-----------------------|      |-----------|
 *                     |------|
 *     pieces  |  |    |      |           |      |           |
 *
 * Between two cuts nothing changes, so a whole piece has one answer.  A piece
 * begins as [begin, end) with the answer for "no region".  Then the checker
 * applies all regions to it, one after the other; the last region that contains
 * the piece decides. */
struct piece {
    uint64_t begin, end;
    int answer;
};

/* Ends the piece at `cut`, if that is inside. */
static inline void piece_cut(struct piece *piece, uint64_t cut)
{
    if (piece->begin < cut && cut < piece->end)
        piece->end = cut;
}

/* Applies the region [begin, end) with its answer to the piece. */
static inline void piece_meet(struct piece *piece, uint64_t begin, uint64_t end,
                              int answer)
{
    if (begin >= end)
        return;
    piece_cut(piece, begin);
    piece_cut(piece, end);
    if (begin <= piece->begin && piece->begin < end)
        piece->answer = answer;
}

#define NO_ROOM UINT64_MAX

/* The lowest page-aligned address from `lowest` on where `bytes` bytes are
 * available, not in use and within reach; NO_ROOM if there is no such place.
 * For memory that is needed before there is a frame allocator. */
uint64_t layout_find_room(const struct memory_layout *layout, uint64_t lowest,
                          uint64_t bytes);

#endif
