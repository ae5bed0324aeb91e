/* SPDX-License-Identifier: MIT */
/* The result of a replay for people: a table on the console.  It also writes
 * the records for programs (record.h).
 */
#ifndef REPLAY_REPORT_H
#define REPLAY_REPORT_H

#include "replay/result.h"

/* The head of the table. */
void report_begin(const struct replay_env *env);
/* A trace's rows and its record. */
void report_trace(const struct replay_env *env, const struct trace_file *file,
                  const struct replay_result *result);
/* The last line of each. */
void report_end(const struct replay_env *env,
                const struct replay_totals *totals);

#endif
