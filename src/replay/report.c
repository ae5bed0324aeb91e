/* SPDX-License-Identifier: MIT */
/* Two rows a trace, so that everything fits 80 columns:
 *
 *     trace               ops fails    peak  footprint   util  verdict
 *       instructions (worst)     malloc       free    realloc
 */
#include "replay/report.h"

#include "lib/print.h"
#include "lib/string.h"
#include "replay/figures.h"
#include "replay/record.h"

#define COLUMNS        80u
#define INDENT         "    "
#define NAME_COLUMNS   23
#define FIGURE_COLUMNS 41 /* of print_figures, without the verdict */

/* Prints `text` indented, with line breaks at blanks. */
static void print_wrapped(const char *text)
{
    size_t column = COLUMNS;

    while (*text != 0) {
        size_t bytes = 0;

        while (text[bytes] != 0 && text[bytes] != ' ')
            bytes++;
        if (column + 1 + bytes >= COLUMNS) {
            print("%s" INDENT "%.*s", column < COLUMNS ? "\n" : "", (int)bytes,
                  text);
            column = sizeof INDENT - 1 + bytes;
        } else {
            print(" %.*s", (int)bytes, text);
            column += 1 + bytes;
        }
        text += bytes + (text[bytes] == ' ');
    }
    print("\n");
}

void report_begin(const struct replay_env *env)
{
    print("replay at stage %s, heap of %zu bytes", env->stage, env->heap_bytes);
    if (env->window_bytes > 0)
        print(" that grows by up to %zu", env->window_bytes);
    print("\n");
    print("%-*s%8s%6s%9s%11s%7s  verdict\n", NAME_COLUMNS, "trace", "ops",
          "fails", "peak", env->quick ? "high water" : "footprint", "util");
    if (replay_is_counted(env))
        print("%-*s%18s%18s%18s\n", NAME_COLUMNS, "  instructions (worst)",
              "malloc", "free", "realloc");
}

static void print_figures(const struct replay_env *env,
                          const struct replay_result *result)
{
    size_t needed = replay_heap_needed(env, result);

    print("%8u%6u%9llu", result->operations, result->failures,
          (unsigned long long)result->survey.peak_bytes);
    if (needed == 0) {
        print("%11s%7s", "-", "-");
    } else {
        uint32_t milli = (uint32_t)replay_utilisation_milli(result, needed);

        print("%11zu%4u.%u%%", needed, milli / 10, milli % 10);
    }
    print("  %s\n", replay_verdict_text(result->verdict));
}

static void print_counts(const struct op_counter *counter,
                         const struct replay_result *result)
{
    print("%-*s", NAME_COLUMNS, "");
    for (unsigned kind = 0; kind < CALL_KINDS; kind++) {
        const struct call_figures *figures = &result->calls[kind];
        char text[40] = "-";

        if (figures->count > 0) {
            uint64_t mean = call_mean_milli(counter, figures);

            format_text(text, sizeof text, "%llu.%llu (%llu)",
                        (unsigned long long)(mean / 1000),
                        (unsigned long long)(mean % 1000 / 100),
                        (unsigned long long)call_worst(counter, figures));
        }
        print("%18s", text);
    }
    print("\n");
}

static void report_print_rows(const struct replay_env *env,
                              const struct trace_file *file,
                              const struct replay_result *result)
{
    print("%-*s", NAME_COLUMNS, file->name);
    if (strlen(file->name) > NAME_COLUMNS)
        print("\n%-*s", NAME_COLUMNS, "");
    if (result->verdict == REPLAY_REFUSED) {
        print("%*s  %s\n", FIGURE_COLUMNS, "",
              replay_verdict_text(result->verdict));
    } else {
        print_figures(env, result);
        if (replay_is_counted(env))
            print_counts(env->counter, result);
    }
    if (result->reason[0] != 0)
        print_wrapped(result->reason);
}

void report_trace(const struct replay_env *env, const struct trace_file *file,
                  const struct replay_result *result)
{
    report_print_rows(env, file, result);
    if (env->record != NULL)
        record_trace(env, file, result);
}

void report_end(const struct replay_env *env,
                const struct replay_totals *totals)
{
    const char *between = ": ";

    print("%u trace%s, %u wrong", totals->traces,
          totals->traces == 1 ? "" : "s", totals->wrong);
    for (unsigned i = 0; i < REPLAY_VERDICTS; i++) {
        if (totals->verdicts[i] == 0)
            continue;
        print("%s%u %s", between, totals->verdicts[i],
              replay_verdict_text((enum replay_verdict)i));
        between = ", ";
    }
    print("\n");
    if (!replay_is_counted(env))
        print("No instruction counts: this machine's clock does not count "
              "instructions.\n");
    if (env->record != NULL)
        record_totals(env, totals);
}
