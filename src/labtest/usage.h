/* SPDX-License-Identifier: MIT */
/* The counters of the heap, compared with our own count (lab.h:
 * lab_count_usage). */
#ifndef LABTEST_USAGE_H
#define LABTEST_USAGE_H

#include "labtest/live_blocks.h"

/* A heap starts; its counters are not checked unless the test asks for it. */
void usage_forget(void);
/* After a call: `payload` has become a block, or was one; or nothing has
 * changed. */
void usage_allocated(const void *payload);
void usage_freed(const struct live_block *block);
void usage_resized(const struct live_block *old, const void *payload);
void usage_unchanged(void);

#endif
