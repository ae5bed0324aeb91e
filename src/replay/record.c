/* SPDX-License-Identifier: MIT */
#include "replay/record.h"

#include "lib/print.h"
#include "lib/string.h"
#include "replay/figures.h"

#define RECORD_BYTES 1536u

/* A record in the making.  What does not fit is left out. */
struct record {
    char text[RECORD_BYTES];
    size_t bytes;
};

static const char *const kind_keys[CALL_KINDS] = {
    [CALL_MALLOC] = "malloc",
    [CALL_FREE] = "free",
    [CALL_REALLOC] = "realloc",
};

/* Appends `bytes` characters if they fit. */
static void append(struct record *record, const char *text, size_t bytes)
{
    if (bytes >= sizeof record->text - record->bytes)
        return;
    memcpy(record->text + record->bytes, text, bytes);
    record->bytes += bytes;
    record->text[record->bytes] = 0;
}

static void add_number(struct record *record, const char *key, uint64_t value)
{
    char word[64];
    size_t bytes = format_text(word, sizeof word, " %s=%llu", key,
                               (unsigned long long)value);

    append(record, word, bytes);
}

static bool is_plain(char c)
{
    return c > ' ' && c <= '~' && c != '=' && c != '%';
}

static void add_text(struct record *record, const char *key, const char *value)
{
    append(record, " ", 1);
    append(record, key, strlen(key));
    append(record, "=", 1);
    for (; *value != 0; value++) {
        char encoded[4];

        format_text(encoded, sizeof encoded, is_plain(*value) ? "%c" : "%%%02x",
                    (unsigned char)*value);
        append(record, encoded, strlen(encoded));
    }
}

/* "malloc" and "_count" make a key. */
static void add_figure(struct record *record, const char *kind,
                       const char *suffix, uint64_t value)
{
    char key[32];

    format_text(key, sizeof key, "%s%s", kind, suffix);
    add_number(record, key, value);
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

    add_number(record, "operations", result->operations);
    add_number(record, "failures", result->failures);
    add_number(record, "skipped", result->skipped);
    if (result->failures > 0)
        add_number(record, "done_before_failure", result->done_before_failure);
    add_number(record, "peak_bytes", result->survey.peak_bytes);
    add_number(record, "high_water_bytes", result->high_water_bytes);
    if (result->footprint_bytes > 0)
        add_number(record, "footprint_bytes", result->footprint_bytes);
    if (needed > 0)
        add_number(record, "utilisation_milli",
                   replay_utilisation_milli(result, needed));
    add_calls(record, replay_is_counted(env) ? env->counter : NULL, result);
}

void record_trace(const struct replay_env *env, const struct trace_file *file,
                  const struct replay_result *result)
{
    static const char *const words[REPORT_VERDICTS] = {
        [REPLAY_OK] = "ok",
        [REPLAY_OUT_OF_MEMORY] = "out-of-memory",
        [REPLAY_FAILED] = "failed",
        [REPLAY_REFUSED] = "refused",
        [REPLAY_NOT_WRITTEN] = "not-written",
    };
    struct record record = { .text = "trace", .bytes = strlen("trace") };

    add_text(&record, "name", file->name);
    add_text(&record, "verdict", words[result->verdict]);
    if (result->verdict != REPLAY_REFUSED)
        add_run(&record, env, result);
    if (result->line > 0)
        add_number(&record, "line", result->line);
    if (result->reason[0] != 0)
        add_text(&record, "reason", result->reason);
    env->record(record.text);
}

void record_totals(const struct replay_env *env,
                   const struct report_totals *totals)
{
    struct record record = { .text = "replay", .bytes = strlen("replay") };

    add_text(&record, "stage", env->stage);
    add_number(&record, "heap_bytes", env->heap_bytes);
    add_number(&record, "quick", env->quick);
    add_number(&record, "counted", replay_is_counted(env));
    add_number(&record, "traces", totals->traces);
    add_number(&record, "wrong", totals->wrong);
    env->record(record.text);
}
