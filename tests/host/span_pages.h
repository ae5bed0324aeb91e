/* SPDX-License-Identifier: MIT */
/* Pages for the spans that the tests make, with a limit that makes them run
 * dry.  Pages that are not taken hold no zeros, and the tail of each run is
 * watched. */
#ifndef TESTS_HOST_SPAN_PAGES_H
#define TESTS_HOST_SPAN_PAGES_H

#include "mm/spans/spans_zone.h"
#include "span_classes.h"

#define PAGES_MAX 512u

struct span_pages {
    uint8_t *memory; /* PAGES_MAX of them, page aligned */
    size_t taken;
    size_t limit;
    struct page_source source;
};

extern struct span_pages pages;

/* Starts spans with no page taken and no limit.  From then on `pages.taken`
 * pages are held by zones. */
void pages_start(enum span_policy policy);

#endif
