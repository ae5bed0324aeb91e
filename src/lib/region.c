/* SPDX-License-Identifier: MIT */
/* Finds free places in a memory layout. */
#include "lib/region.h"

#include <stdbool.h>

/* Whether the region takes a part of [begin, end).  A page is in use if a byte
 * of it is in use. */
static bool takes_part_of(const struct region *region, uint64_t begin,
                          uint64_t end)
{
    return region->begin < region->end && page_down(region->begin) < end &&
           begin < page_up(region->end);
}

/* The first region in use that overlaps [begin, begin + bytes), or NULL. */
static const struct region *obstacle(const struct memory_layout *layout,
                                     uint64_t begin, uint64_t bytes)
{
    for (size_t i = 0; i < layout->in_use_count; i++) {
        const struct region *in_use = &layout->in_use[i];

        if (takes_part_of(in_use, begin, begin + bytes))
            return in_use;
    }
    return NULL;
}

/* Skips one region in use after the other, upwards. */
static uint64_t find_in(const struct memory_layout *layout,
                        const struct region *available, uint64_t lowest,
                        uint64_t bytes)
{
    uint64_t end = least(available->end, layout->reach);
    uint64_t begin =
        page_up(available->begin > lowest ? available->begin : lowest);

    while (begin < end && end - begin >= bytes) {
        const struct region *in_the_way = obstacle(layout, begin, bytes);

        if (!in_the_way)
            return begin;
        begin = page_up(in_the_way->end);
    }
    return NO_ROOM;
}

uint64_t layout_find_room(const struct memory_layout *layout, uint64_t lowest,
                          uint64_t bytes)
{
    uint64_t best = NO_ROOM;

    for (size_t i = 0; i < layout->available_count; i++) {
        uint64_t begin = find_in(layout, &layout->available[i], lowest, bytes);

        if (begin < best)
            best = begin;
    }
    return best;
}
