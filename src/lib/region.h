/* SPDX-License-Identifier: MIT */
/* Regions of physical memory, as the boot loader and the kernel name them.
 *
 * Regions are half open, [begin, end), and 64 bits wide: firmware of a 32-bit
 * machine may well report memory above 4 GiB.
 */
#ifndef LIB_REGION_H
#define LIB_REGION_H

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

#endif
