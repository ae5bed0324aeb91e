/* SPDX-License-Identifier: MIT */
/* Counts the cost and the memory of a replay. */
#include "replay/figures.h"

bool replay_is_counted(const struct replay_env *env)
{
    return env->counter != NULL && env->counter->exact;
}

/* Thousandths of instructions that `ticks` ticks of `calls` calls were. */
static uint64_t instructions_milli(const struct op_counter *counter,
                                   uint64_t ticks, uint32_t calls)
{
    uint64_t overhead = (uint64_t)counter->overhead_ticks * calls;

    if (ticks <= overhead)
        return 0;
    return (ticks - overhead) * 1000 /
           ((uint64_t)counter->ticks_per_instruction * calls);
}

uint64_t call_mean_milli(const struct op_counter *counter,
                         const struct call_figures *figures)
{
    return instructions_milli(counter, figures->sum_ticks, figures->count);
}

uint64_t call_worst(const struct op_counter *counter,
                    const struct call_figures *figures)
{
    return instructions_milli(counter, figures->worst_ticks, 1) / 1000;
}

size_t replay_heap_needed(const struct replay_env *env,
                          const struct replay_result *result)
{
    if (result->verdict != REPLAY_OK)
        return 0;
    return env->quick ? result->high_water_bytes : result->footprint_bytes;
}

uint64_t replay_utilisation_milli(const struct replay_result *result,
                                  size_t heap_bytes)
{
    return result->survey.peak_bytes * 1000 / heap_bytes;
}
