/* SPDX-License-Identifier: MIT */
/* Shared by the files of tests of lab 6. */
#ifndef LABS_6_SPANS_TESTS_H
#define LABS_6_SPANS_TESTS_H

#include "labtest/test.h"

#include "mm/spans/spans.h"

/* Pages that may stay when all is free: a zone of each granule. */
#define KEPT_PAGES 2u

/* -- tests.c --------------------------------------------------------------- */

/* A span, which there must be. */
void *expect_span(size_t bytes);
/* At most so many pages are held. */
void expect_pages(size_t most);

/* -- tests_ends.c ---------------------------------------------------------- */

/* Sizes and alignments that spans do not serve, asked of spans itself. */
void expect_span_limits(void);
/* A span grows over all of the free run after it, up to the longest span. */
void expect_span_growth(void);
/* Each address in a page but that of the span is refused, by name. */
void expect_page_refused(void);
/* 2000 zones cost no more than two. */
void expect_spans_bounded(void);

/* -- tests_damage.c -------------------------------------------------------- */

/* No span is lost and none is handed out twice, whatever is written over the
 * links of free spans. */
void expect_damage_survived(void);
/* A zone whose bookkeeping was overwritten is HEAP_CORRUPT. */
void expect_damage_named(void);
/* Links of free runs were overwritten: a call that frees a zone's last
 * span finds out, and so does one that makes a span longer. */
void expect_anew_by_retiring(void);
void expect_anew_by_growing(void);

#endif
