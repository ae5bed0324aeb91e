/* SPDX-License-Identifier: MIT */
/* Where zones get their pages: from the heap, or from another source.
 *
 *     page    begin     +1     +2     +3     +4     ...     end
 *             |      | zone | zone | zone | store |      |
 *     map        0      1      2      3      255     0
 *
 * Zones do not search for pages, and a source does not depend on zones.  They
 * share only the page map: a byte for each page that the source could ever
 * give.  It finds the zone of an address in one step, for any number of zones.
 */
#ifndef MM_HEAP_PAGE_SOURCE_H
#define MM_HEAP_PAGE_SOURCE_H

#include "lib/addr.h"

/* The last bytes of a run stay with the source.  malloc keeps the next block's
 * header there, so page runs can follow each other directly.  With whole pages,
 * each header would move the next run up to the next page border. */
#define PAGE_RUN_TAIL 8u

struct page_source {
    uintptr_t begin, end; /* all pages that it ever gives are in here */
    /* `count` pages in a row less PAGE_RUN_TAIL bytes, page aligned, or NULL.
     * Contents are arbitrary. */
    void *(*take)(size_t count);
    /* Gives back a run, whole. */
    void (*give)(void *first, size_t count);
    /* page_source_pages() bytes; only zalloc writes them after zalloc_init().
     */
    uint8_t *page_map;
};

/* Pages that [begin, end) touches. */
static inline size_t page_source_pages(const struct page_source *source)
{
    if (source->begin >= source->end)
        return 0;
    return ((source->end - 1) >> PAGE_SHIFT) - (source->begin >> PAGE_SHIFT) +
           1;
}

#endif
