/* SPDX-License-Identifier: MIT */
/* Figures that follow from a result. */
#ifndef REPLAY_FIGURES_H
#define REPLAY_FIGURES_H

#include "replay/result.h"

/* Whether ticks are worth reporting on this machine. */
bool replay_is_counted(const struct replay_env *env);
/* Instructions of a call, without those of the counter itself; figures->count >
 * 0.  The mean in thousandths. */
uint64_t call_mean_milli(const struct op_counter *counter,
                         const struct call_figures *figures);
uint64_t call_worst(const struct op_counter *counter,
                    const struct call_figures *figures);
/* The heap size for the utilisation: the footprint or, in a quick replay, the
 * high water.  0: the trace did not complete. */
size_t replay_heap_needed(const struct replay_env *env,
                          const struct replay_result *result);
/* Peak of the trace in thousandths of `heap_bytes` > 0. */
uint64_t replay_utilisation_milli(const struct replay_result *result,
                                  size_t heap_bytes);

#endif
