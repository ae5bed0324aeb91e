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

/* What the frame allocator starts from.  Regions may come in any order, may
 * overlap and may reach above 4 GiB; where an available region overlaps one
 * that is in use, in use wins. */
struct memory_layout {
    const struct region *available;
    size_t available_count;
    const struct region *in_use;
    size_t in_use_count;
    uint64_t reach; /* the kernel reaches physical memory below this only */
};

/* To the border of a page.  The highest border is as far up as it goes. */
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

/* For checkers, which work out in their own way what a layout asks for: memory
 * cut at every place where a region begins or ends.
 *
 *     regions    |-----------------------|      |-----------|
 *                     |------|
 *     pieces  |  |    |      |           |      |           |
 *
 * Between two cuts nothing changes, so one answer holds for a whole piece.  A
 * piece begins as [begin, end) with the answer for "no region"; then it meets
 * the regions one after the other, and the last one that holds it decides. */
struct piece {
    uint64_t begin, end;
    int answer;
};

static inline void piece_cut(struct piece *piece, uint64_t cut)
{
    if (piece->begin < cut && cut < piece->end)
        piece->end = cut;
}

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
 * For what is placed before there is a frame allocator. */
uint64_t layout_find_room(const struct memory_layout *layout, uint64_t lowest,
                          uint64_t bytes);

#endif
