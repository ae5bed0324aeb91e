/* SPDX-License-Identifier: MIT */
/* A page run is a block of the large backend like any other, page aligned:
 *
 *     ... | hdr | run of 2 pages - 8 | hdr | run of 1 page - 8 | hdr | ...
 *               ^ page border              ^ page border
 */
#include "mm/heap/heap_pages.h"

#include "mm/heap/heap.h"

static struct page_source source;

static void *take_run(size_t count)
{
    if (!source.page_map)
        return NULL;
    return heap_lend(count * PAGE_BYTES - PAGE_RUN_TAIL, PAGE_BYTES);
}

static void give_run(void *first, size_t count)
{
    (void)count; /* the large backend knows */
    heap_take_back(first);
}

const struct page_source *heap_page_source(uintptr_t begin, uintptr_t end)
{
    source = (struct page_source){
        .begin = begin, .end = end, .take = take_run, .give = give_run
    };
    if (begin < end)
        source.page_map = heap_lend(page_source_pages(&source), HEAP_ALIGNMENT);
    if (!source.page_map)
        source.end = begin;
    return &source;
}
