/* SPDX-License-Identifier: MIT */
/* A page run is a block of the large backend like any other, page aligned:
 *
 *     ... | hdr | run of 2 pages - 8 | hdr | run of 1 page - 8 | hdr | ...
 *               ^ page border              ^ page border
 */
#include "mm/heap/heap_pages.h"

#include "lib/panic.h"
#include "mm/heap/heap.h"

static struct page_source source;

/* page_source.take: borrows `count` pages. */
static void *take_run(size_t count)
{
    ASSERT(count > 0);
    if (!source.page_map)
        return NULL;
    return heap_lend(count * PAGE_BYTES - PAGE_RUN_TAIL, PAGE_BYTES);
}

/* page_source.give: gives a run back; its block has the length. */
static void give_run(void *first, size_t count)
{
    ASSERT(is_page_aligned((uintptr_t)first));
    (void)count;
    heap_take_back(first);
}

const struct page_source *heap_page_source(uintptr_t begin, uintptr_t end)
{
    source = (struct page_source){
        .begin = begin, .end = end, .take = take_run, .give = give_run
    };
    if (begin < end)
        source.page_map = heap_lend_map(page_source_pages(&source));
    if (!source.page_map)
        source.end = begin;
    return &source;
}
