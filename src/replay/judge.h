/* SPDX-License-Identifier: MIT */
/* Judges the allocator's answers by the rules R1 and R2 of replay.h.
 *
 * A function that returns false has ended the run: verdict, line and reason are
 * in the result.
 */
#ifndef REPLAY_JUDGE_H
#define REPLAY_JUDGE_H

#include "replay/running.h"

static inline bool holds_block(const struct id_entry *entry)
{
    return entry->address != ID_NOT_LIVE && entry->address != ID_NO_BLOCK;
}

/* "NAME:LINE: operation N: " and what is wrong. */
bool run_fail(struct run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool run_fail_not_written(struct run *run, enum call_kind kind);

/* R1, for the answer of a call of this kind for the current id, whose old
 * block, if any, is freed. */
bool place_is_right(struct run *run, enum call_kind kind, const void *payload,
                    uint32_t bytes);
/* R2, for the first `bytes` bytes of the block of `id`.  `when` is for the
 * message: "before kfree". */
bool contents_hold(struct run *run, uint32_t id, uint32_t bytes,
                   const char *when);

#endif
