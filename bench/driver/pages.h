/* SPDX-License-Identifier: MIT */
/* A page source as cheap as can be, so that what a new zone costs is the
 * allocator's own cost: a pointer that moves up, and a list of the runs that
 * came back for each length. */
#ifndef BENCH_PAGES_H
#define BENCH_PAGES_H

#include "mm/heap/page_source.h"

/* Pages of [begin, end).  `page_map` is left to the caller. */
struct page_source pages_start(uintptr_t begin, uintptr_t end);

#endif
