/* SPDX-License-Identifier: MIT */
/* Pages for zones, taken from the same heap as all other memory. */
#ifndef MM_HEAP_HEAP_PAGES_H
#define MM_HEAP_HEAP_PAGES_H

#include "mm/heap/page_source.h"

/* A source that borrows from the kmalloc layer's large backend, whose heap is
 * [begin, end).  It borrows its page map, too, so it has to be called after
 * each heap_start().  If the heap is too small for the map, it has no pages. */
const struct page_source *heap_page_source(uintptr_t begin, uintptr_t end);

#endif
