/* SPDX-License-Identifier: MIT */
/* One run of a trace in a heap of one size. */
#ifndef REPLAY_RUN_H
#define REPLAY_RUN_H

#include "replay/running.h"

/* The trace has passed its survey, the heap is empty.  Fills in the result's
 * verdict (OK, OUT_OF_MEMORY if there was any NULL, FAILED or NOT_WRITTEN),
 * reason, counts, figures and high water. */
void run_trace(struct run *run);

#endif
