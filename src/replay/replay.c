/* SPDX-License-Identifier: MIT */
/* The memory of a replay, divided again for every trace:
 *
 *     | shadow of the full heap | id table ..................... |
 */
#include "replay/replay.h"

#include "lib/addr.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "replay/report.h"
#include "replay/run.h"

static struct replay_memory memory;

/* The state of a run is too large for a stack; runs do not nest. */
static struct run run;
static struct replay_result probe_result;

/* Each of its ranges has whole words. */
static size_t all_shadow_bytes(size_t heap_bytes)
{
    return align_up(shadow_bytes(heap_bytes) + sizeof(uint32_t),
                    sizeof(uint64_t));
}

size_t replay_memory_needed(const struct trace_file *files, size_t count,
                            size_t heap_bytes)
{
    uint32_t most_ids = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t bound = trace_ids_bound(files[i].bytes);
        uint32_t ids = trace_open(&run.trace, &files[i]) ? run.trace.ids : 0;

        if (ids > bound)
            ids = bound;
        if (ids > most_ids)
            most_ids = ids;
    }
    return all_shadow_bytes(heap_bytes) + most_ids * sizeof(struct id_entry);
}

void replay_init(struct replay_memory given)
{
    ASSERT_EQ((uintptr_t)given.begin % sizeof(uint64_t), 0);
    memory = given;
}

/* The table of ids, in the memory after the shadow. */
static struct id_table id_table_beside(size_t heap_bytes)
{
    size_t taken = all_shadow_bytes(heap_bytes);

    if (taken >= memory.bytes)
        return (struct id_table){ NULL, 0 };
    return (struct id_table){
        .entries = (struct id_entry *)((uintptr_t)memory.begin + taken),
        .room = (uint32_t)((memory.bytes - taken) / sizeof(struct id_entry)),
    };
}

/* The shadow of an empty heap of `bytes` bytes. */
static struct shadow shadow_of(const struct replay_env *env, size_t bytes)
{
    struct shadow shadow = { .count = 0 };
    size_t beyond = bytes > env->heap_bytes ? bytes - env->heap_bytes : 0;
    uint32_t *words = memory.begin;

    bytes -= beyond;
    shadow_add(&shadow, env->heap_begin, env->heap_begin + bytes, words);
    if (beyond > 0)
        shadow_add(&shadow, env->window_begin, env->window_begin + beyond,
                   words + shadow_bytes(bytes) / sizeof *words);
    return shadow;
}

/* Runs `file` in an empty heap of `heap_bytes`.  False: the allocators do not
 * start in a heap of that size. */
static bool run_in(const struct replay_env *env, const struct trace_file *file,
                   size_t heap_bytes, struct replay_result *result, bool probe)
{
    struct id_table ids = id_table_beside(replay_all_bytes(env));
    struct shadow shadow;

    if (!env->restart(heap_bytes))
        return false;
    shadow = shadow_of(env, heap_bytes);
    run = (struct run){
        .env = env,
        .file = file,
        .ids = &ids,
        .shadow = &shadow,
        .heap_bytes = heap_bytes,
        .result = result,
        .probe = probe,
    };
    run_trace(&run);
    return true;
}

/* Whether the trace completes in a heap of `heap_bytes`.  A violation of R1 to
 * R3 makes *result a failure. */
static bool completes_in(const struct replay_env *env,
                         const struct trace_file *file, size_t heap_bytes,
                         struct replay_result *result)
{
    probe_result = (struct replay_result){ .verdict = REPLAY_OK };
    if (!run_in(env, file, heap_bytes, &probe_result, true))
        return false;
    if (probe_result.verdict == REPLAY_FAILED) {
        result->verdict = probe_result.verdict;
        result->line = probe_result.line;
        format_text(result->reason, sizeof result->reason, "%s",
                    probe_result.reason);
    }
    return probe_result.verdict == REPLAY_OK;
}

/* Searches the smallest heap by bisection.  The trace completes in `enough`, as
 * it just did, and not in `too_few`, which is less than its peak.  The first
 * guess is the end of the payloads in the full heap. */
static void find_footprint(const struct replay_env *env,
                           const struct trace_file *file,
                           struct replay_result *result)
{
    const struct survey *survey = &result->survey;
    size_t step = replay_footprint_step(survey->peak_bytes);
    size_t enough = replay_all_bytes(env);
    size_t too_few = 0;
    size_t guess = align_up(result->high_water_bytes, GRANULE_BYTES) + step;

    if (survey->peak_granules > 0)
        too_few = (size_t)(survey->peak_granules - 1) * GRANULE_BYTES;
    while (result->verdict == REPLAY_OK && enough - too_few > step) {
        if (guess <= too_few || guess >= enough)
            guess = align_up(too_few + (enough - too_few) / 2, GRANULE_BYTES);
        if (completes_in(env, file, guess, result))
            enough = guess;
        else
            too_few = guess;
        guess = 0;
    }
    if (result->verdict == REPLAY_OK)
        result->footprint_bytes = enough;
}

/* A heap in two places may have room for a block in both together, but in
 * neither alone.  This is the most that is lost in this way. */
static uint64_t largest_that_splits(const struct replay_env *env,
                                    const struct survey *survey)
{
    return env->window_bytes > 0 ? survey->largest_bytes : 0;
}

/* R4.  The run has counted the NULLs; this function judges them. */
static void judge_failures(const struct replay_env *env,
                           const struct trace_file *file,
                           struct replay_result *result)
{
    uint64_t peak = result->survey.peak_granules * GRANULE_BYTES;
    uint64_t split = largest_that_splits(env, &result->survey);
    bool fits = peak + split <= replay_all_bytes(env);
    char sense[TRACE_REASON_BYTES];

    if (result->verdict != REPLAY_OUT_OF_MEMORY)
        return;
    format_text(sense, sizeof sense,
                "the trace's peak of %llu bytes, each block rounded up to %u, "
                "%s the heap of %zu",
                (unsigned long long)peak, GRANULE_BYTES,
                fits ? "fits" : "does not fit", replay_all_bytes(env));
    if (fits && env->may_run_out)
        format_text(sense, sizeof sense, "this allocator reuses nothing");
    else if (fits)
        result->verdict = REPLAY_FAILED;
    format_text(result->reason, sizeof result->reason,
                "%s:%u: out of memory after %u operations%s%s", file->name,
                result->line, result->done_before_failure,
                result->verdict == REPLAY_FAILED ? ", but " : ": ", sense);
}

static void begin_picture(const struct replay_env *env,
                          const struct trace_file *file,
                          const struct replay_result *result)
{
    struct picture_title title = {
        .stage = env->stage,
        .trace = file->name,
        .operations = result->survey.operations,
        .peak_bytes = result->survey.peak_bytes,
    };
    size_t pictured = env->heap_bytes;

    /* The part of the growth that this trace may need. */
    if (result->survey.peak_bytes * 2 > pictured)
        pictured =
            (size_t)least(result->survey.peak_bytes * 2, replay_all_bytes(env));
    picture_begin(env->picture, &title, env->heap_begin, pictured);
}

/* The verified run, in the full heap. */
static void run_in_full(const struct replay_env *env,
                        const struct trace_file *file,
                        struct replay_result *result)
{
    if (env->picture != NULL)
        begin_picture(env, file, result);
    if (!run_in(env, file, replay_all_bytes(env), result, false)) {
        result->verdict = REPLAY_FAILED;
        format_text(result->reason, sizeof result->reason,
                    "%s: the allocators do not start on a heap of %zu bytes",
                    file->name, replay_all_bytes(env));
    }
    if (env->picture != NULL)
        picture_end(env->picture);
    judge_failures(env, file, result);
}

void replay_run(const struct replay_env *env, const struct trace_file *file,
                struct replay_result *result)
{
    struct id_table ids = id_table_beside(replay_all_bytes(env));

    ASSERT_EQ(env->heap_begin % GRANULE_BYTES, 0);
    ASSERT_EQ(env->heap_bytes % GRANULE_BYTES, 0);
    ASSERT_EQ(env->window_bytes % GRANULE_BYTES, 0);
    *result = (struct replay_result){ .verdict = REPLAY_REFUSED };
    if (!survey_trace(&run.trace, file, &ids, &result->survey)) {
        result->line = run.trace.line;
        format_text(result->reason, sizeof result->reason, "%s",
                    run.trace.reason);
        return;
    }
    run_in_full(env, file, result);
    if (result->verdict == REPLAY_OK && !env->quick)
        find_footprint(env, file, result);
    env->restart(replay_all_bytes(env));
}

uint32_t replay_all(const struct replay_env *env,
                    const struct trace_file *files, size_t count)
{
    static struct replay_result result;
    struct replay_totals totals = { .traces = 0 };

    report_begin(env);
    for (size_t i = 0; i < count; i++) {
        replay_run(env, &files[i], &result);
        report_trace(env, &files[i], &result);
        totals.traces++;
        totals.wrong += replay_is_wrong(&result);
        totals.verdicts[result.verdict]++;
    }
    report_end(env, &totals);
    return totals.wrong;
}
