/* SPDX-License-Identifier: MIT */
/* Figures for the host. */
#include "replay/record.h"

#include "lib/print.h"
#include "lib/record.h"
#include "replay/figures.h"

static const char *const kind_keys[CALL_KINDS] = {
    [CALL_MALLOC] = "malloc",
    [CALL_FREE] = "free",
    [CALL_REALLOC] = "realloc",
};

/* "malloc" and "_count" make a key. */
static void add_figure(struct record *record, const char *kind,
                       const char *suffix, uint64_t value)
{
    char key[32];

    format_text(key, sizeof key, "%s%s", kind, suffix);
    record_number(record, key, value);
}

static void add_calls(struct record *record, const struct op_counter *counter,
                      const struct replay_result *result)
{
    for (unsigned kind = 0; kind < CALL_KINDS; kind++) {
        const struct call_figures *figures = &result->calls[kind];

        add_figure(record, kind_keys[kind], "_count", figures->count);
        if (counter == NULL || figures->count == 0)
            continue;
        add_figure(record, kind_keys[kind], "_mean_milli",
                   call_mean_milli(counter, figures));
        add_figure(record, kind_keys[kind], "_worst",
                   call_worst(counter, figures));
    }
}

static void add_run(struct record *record, const struct replay_env *env,
                    const struct replay_result *result)
{
    size_t needed = replay_heap_needed(env, result);

    record_number(record, "operations", result->operations);
    record_number(record, "failures", result->failures);
    record_number(record, "skipped", result->skipped);
    if (result->failures > 0)
        record_number(record, "done_before_failure",
                      result->done_before_failure);
    record_number(record, "peak_bytes", result->survey.peak_bytes);
    record_number(record, "high_water_bytes", result->high_water_bytes);
    if (result->footprint_bytes > 0)
        record_number(record, "footprint_bytes", result->footprint_bytes);
    if (needed > 0)
        record_number(record, "utilisation_milli",
                      replay_utilisation_milli(result, needed));
    add_calls(record, replay_is_counted(env) ? env->counter : NULL, result);
}

void record_trace(const struct replay_env *env, const struct trace_file *file,
                  const struct replay_result *result)
{
    static const char *const words[REPLAY_VERDICTS] = {
        [REPLAY_OK] = "ok",
        [REPLAY_OUT_OF_MEMORY] = "out-of-memory",
        [REPLAY_FAILED] = "failed",
        [REPLAY_REFUSED] = "refused",
        [REPLAY_NOT_WRITTEN] = "not-written",
    };
    struct record record;

    record_begin(&record, "trace");
    record_text(&record, "name", file->name);
    record_text(&record, "verdict", words[result->verdict]);
    if (result->verdict != REPLAY_REFUSED)
        add_run(&record, env, result);
    if (result->line > 0)
        record_number(&record, "line", result->line);
    if (result->reason[0] != 0)
        record_text(&record, "reason", result->reason);
    env->record(record.text);
}

void record_block(const struct replay_env *env, const char *kind, uint32_t done,
                  const struct id_entry *entry)
{
    struct record record;

    record_begin(&record, kind);
    record_number(&record, "operation", done);
    record_number(&record, "offset", replay_offset(env, entry->address));
    record_number(&record, "bytes", entry->bytes);
    env->record(record.text);
}

void record_totals(const struct replay_env *env,
                   const struct replay_totals *totals)
{
    struct record record;

    record_begin(&record, "replay");
    record_text(&record, "stage", env->stage);
    record_number(&record, "heap_bytes", env->heap_bytes);
    record_number(&record, "quick", env->quick);
    record_number(&record, "counted", replay_is_counted(env));
    record_number(&record, "traces", totals->traces);
    record_number(&record, "wrong", totals->wrong);
    env->record(record.text);
}
