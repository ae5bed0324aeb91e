/* SPDX-License-Identifier: MIT */
/* Where zalloc gets its pages: from the heap, or from wherever its owner likes.
 *
 *     page    begin     +1     +2     +3     +4     ...     end
 *             |      | zone | zone | zone | store |      |
 *     map        0      1      2      3      255     0
 *
 * Zones do not search for pages, and whoever has pages need not know what a
 * zone is.  The one thing they share is the page map: a byte for each page
 * that could ever be given, so that the zone of an address is found with one
 * look, however many zones there are.
 */
#ifndef MM_HEAP_PAGE_SOURCE_H
#define MM_HEAP_PAGE_SOURCE_H

#include "lib/addr.h"

/* The last bytes of a run stay with the source.  malloc has the next block's
 * header there, and so can lay page runs end to end; with whole pages each
 * header would push the run behind it up to the next page border. */
#define PAGE_RUN_TAIL 8u

struct page_source {
    uintptr_t begin, end; /* all pages it ever gives lie in here */
    /* `count` pages in a row less PAGE_RUN_TAIL bytes, page aligned, or NULL.
     * Contents are arbitrary. */
    void *(*take)(size_t count);
    /* Gives back a run, whole. */
    void (*give)(void *first, size_t count);
    /* page_source_pages() bytes; zalloc's alone from zalloc_init() on. */
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
