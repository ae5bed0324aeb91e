/* SPDX-License-Identifier: MIT */
/* The result of a replay for programs: a line of key=value words for each
 * trace.
 *
 *     trace name=short.rep verdict=ok operations=8 failures=0 ...
 *     replay stage=malloc traces=1 wrong=0 ...
 *
 * lib/record.h says how values are written.  A key without a figure
 * (footprint_bytes after a failure, instructions on a machine that does not
 * count them) is left out.
 */
#ifndef REPLAY_RECORD_H
#define REPLAY_RECORD_H

#include "replay/result.h"

/* Each writes one line to env->record, which is not NULL. */
void record_trace(const struct replay_env *env, const struct trace_file *file,
                  const struct replay_result *result);
/* In a history: the operation that `done` counts has taken the entry's block,
 * or given it back. */
void record_block(const struct replay_env *env, const char *kind, uint32_t done,
                  const struct id_entry *entry);
void record_totals(const struct replay_env *env,
                   const struct replay_totals *totals);

#endif
