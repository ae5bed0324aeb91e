/* SPDX-License-Identifier: MIT */
/* The heap window: addresses for the heap to grow into, page by page, onto
 * whatever frames are free. */
#ifndef MM_GROW_WINDOW_H
#define MM_GROW_WINDOW_H

#include "lib/violation.h"
#include "mm/paging/paging.h"

enum window_result {
    WINDOW_OK,
    WINDOW_NO_FRAMES, /* not enough of them; nothing has changed */
    WINDOW_NOT_WRITTEN,
};

/* All tables of the window are made here, so that nothing later needs memory
 * in order to map memory.  Both ends are multiples of 4 MiB.  A second time,
 * with the same ends, it unmaps whatever is mapped. */
enum window_result window_init(uintptr_t begin, uintptr_t end);
/* Unmaps everything and gives back the tables. */
void window_close(void);

/* The ranges of the window grow and shrink at their ends.  This moves range
 * `index`, which has to be empty, to `page`. */
void window_place(unsigned index, uintptr_t page);
/* Maps pages behind the range, or unmaps its last ones and gives their frames
 * back, until it ends at `end`.  Making it shorter never fails.  New pages are
 * zeroed. */
enum window_result window_move_end(unsigned index, uintptr_t end);

/* What is mapped at the moment. */
const struct page_window *window_pages(void);
/* Frames behind it, without those of the tables. */
uint32_t window_frames(void);

/* The first invariant of window.c that does not hold. */
struct violation window_check(void);

#endif
