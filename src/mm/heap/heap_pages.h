/* SPDX-License-Identifier: MIT */
/* Pages for the zones, out of the heap that everything else comes from. */
#ifndef MM_HEAP_HEAP_PAGES_H
#define MM_HEAP_HEAP_PAGES_H

#include "mm/heap/page_source.h"

/* A source that borrows from the kmalloc layer's large backend, whose heap is
 * [begin, end).  Its page map is borrowed too: to be called after each
 * heap_start().  In a heap too small for the map it has no pages to give. */
const struct page_source *heap_page_source(uintptr_t begin, uintptr_t end);

#endif
