/* SPDX-License-Identifier: MIT */
/* Lab 1's challenge: frame_alloc() in constant time, however full memory is.
 *
 * These four do what their namesakes in frames.h do, on the same bitmaps, and
 * find a free frame by summary words instead of a search word by word.
 *
 * The kernel does not use them, so they are built for the host alone.  Its own
 * frame_alloc() is called for page tables and for pages of a growing heap.
 * There the rest of the call costs ten times as much.  It starts where the last
 * search ended, so it is slow only in memory that is nearly full and is given
 * back in random order (docs/bench.md).
 */
#ifndef BENCH_ALLOCATORS_FRAMES_SUMMARY_H
#define BENCH_ALLOCATORS_FRAMES_SUMMARY_H

#include "mm/frames/frames.h"

/* Makes the summaries, from the bitmaps as they are.  From then on, until the
 * next frames_init(), these four have to be used and not those of frames.h. */
void summary_start(void);

/* As frame_alloc(), in a constant number of steps.  The lowest free frame. */
frame_t summary_alloc(void);
/* As frame_free(), in a constant number of steps. */
enum frame_error summary_free(frame_t frame);
/* As frame_alloc_run() and frame_free_run().  The first searches bit by bit,
 * because a summary does not say how long a run is. */
frame_t summary_alloc_run(uint32_t count, uint32_t align);
enum frame_error summary_free_run(frame_t first, uint32_t count);

/* frames_check(), and the first summary bit that is wrong. */
struct violation summary_check(void);

#endif
