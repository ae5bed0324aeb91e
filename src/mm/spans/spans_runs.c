/* SPDX-License-Identifier: MIT */
/* Building the lists of free runs from the maps, after damage. */
#include "mm/spans/spans_runs.h"

#include "lib/string.h"

void spans_index_forget(struct span_pool *pool)
{
    memset(pool->runs, 0, sizeof pool->runs);
    pool->run_classes = 0;
    pool->forgotten = true;
}

/* Lists the free runs of one zone. */
static void list_runs(struct span_pool *pool, const struct span_zone *zone)
{
    uint32_t index = 1;

    while (index <= pool->granules) {
        uint32_t begin = index;

        while (!is_allocated(zone, index))
            index++;
        if (index > begin)
            spans_index_insert(pool, granule_at(pool, zone, begin),
                               index - begin);
        index++;
    }
}

void spans_index_rebuild(struct span_pool *pool)
{
    spans_index_forget(pool);
    for (uint32_t i = 0; i < span_heap.page_count; i++) {
        uintptr_t page = (span_heap.first_page + i) << PAGE_SHIFT;

        if (span_heap.source.page_map[i] == pool->mark)
            list_runs(pool, (const struct span_zone *)page);
    }
    pool->forgotten = false;
}
