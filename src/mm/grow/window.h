/* SPDX-License-Identifier: MIT */
/* The heap window: addresses into which the heap grows, page by page, on any
 * free frames. */
#ifndef MM_GROW_WINDOW_H
#define MM_GROW_WINDOW_H

#include "lib/violation.h"
#include "mm/paging/paging.h"

enum window_result {
    WINDOW_OK,
    WINDOW_NO_FRAMES, /* not enough of them */
    WINDOW_NOT_WRITTEN,
};

/* Makes all tables of the window, so that no later call needs memory in order
 * to map memory.  Both ends are multiples of 4 MiB.  A second call with the
 * same ends unmaps all pages.  If frames for the tables are missing, it closes
 * the window, also one that was open before: WINDOW_NO_FRAMES. */
enum window_result window_init(uintptr_t begin, uintptr_t end);
/* Unmaps everything and gives back the tables. */
void window_close(void);

/* The ranges of the window grow and shrink at their ends.  This moves range
 * `index`, which has to be empty, to `page`. */
void window_place(unsigned index, uintptr_t page);
/* Maps pages after the range, or unmaps its last ones and gives their frames
 * back, until it ends at `end`.  Making it shorter never fails.  If frames for
 * new pages are missing, nothing changes: WINDOW_NO_FRAMES.  New pages are
 * zeroed. */
enum window_result window_move_end(unsigned index, uintptr_t end);

/* The pages that are mapped at the moment. */
const struct page_window *window_pages(void);
/* The frames of these pages, without those of the tables. */
uint32_t window_frames(void);

/* The first invariant of window.c that does not hold. */
struct violation window_check(void);

#endif
