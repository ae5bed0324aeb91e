/* SPDX-License-Identifier: MIT */
/* Visits spans and the free runs between them; reads only the maps. */
#include "mm/spans/spans.h"

#include "mm/spans/spans_zone.h"

/* The end of the span or free run that begins at `index`. */
static uint32_t piece_end(const struct span_zone *zone, uint32_t index)
{
    if (is_allocated(zone, index))
        return index + span_length(zone, index);
    while (!is_allocated(zone, index))
        index++;
    return index;
}

/* Visits the header of a zone, then its spans and free runs. */
static bool spans_walk_zone(const struct span_pool *pool,
                            const struct span_zone *zone, block_visitor visit,
                            void *context)
{
    struct block block = {
        .address = (uintptr_t)zone,
        .bytes = pool->granule_zero + pool->granule_bytes,
        .state = BLOCK_BOOKKEEPING,
        .owner = pool->name,
    };
    uint32_t index = 1;

    if (!visit(&block, context))
        return false;
    while (index <= pool->granules) {
        uint32_t end = piece_end(zone, index);

        block.address = (uintptr_t)granule_at(pool, zone, index);
        block.bytes = (end - index) * pool->granule_bytes;
        block.state = is_allocated(zone, index) ? BLOCK_USED : BLOCK_FREE;
        if (!visit(&block, context))
            return false;
        index = end;
    }
    return true;
}

bool spans_walk(block_visitor visit, void *context)
{
    for (uint32_t i = 0; i < span_heap.page_count; i++) {
        uintptr_t page = (span_heap.first_page + i) << PAGE_SHIFT;
        uint32_t mark = span_heap.source.page_map[i];

        if (mark != PAGE_NOT_OURS && (mark & PAGE_INDEX_MASK) == 0 &&
            !spans_walk_zone(mark_pool(mark), (const struct span_zone *)page,
                             visit, context))
            return false;
    }
    return true;
}
