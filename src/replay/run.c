/* SPDX-License-Identifier: MIT */
/* A block's way through here, for each operation of the trace:
 *
 *     kmalloc -> place_is_right -> taken in shadow -> filled
 *                                                       |
 *        +------------ krealloc <--- verified <-----------+
 *        |                              |
 *        +-> right? taken? prefix?      +---> given in shadow -> kfree
 *
 * Functions return false once the run is over: something is wrong, said by
 * run_fail(), or a probe has its answer.
 */
#include "replay/run.h"

#include "mm/heap/heap.h"
#include "replay/judge.h"
#include "replay/pattern.h"
#include "replay/record.h"

/* A counter for a machine that has none. */
static uint64_t no_ticks(void)
{
    return 0;
}

static uint64_t (*counter_of(const struct run *run))(void)
{
    return run->env->counter != NULL ? run->env->counter->now : no_ticks;
}

static void note_call(struct run *run, enum call_kind kind, uint64_t ticks)
{
    struct call_figures *figures = &run->result->calls[kind];

    figures->count++;
    figures->sum_ticks += ticks;
    if (ticks > figures->worst_ticks)
        figures->worst_ticks = ticks;
}

static void *call_malloc(struct run *run, uint32_t bytes)
{
    uint64_t (*now)(void) = counter_of(run);
    uint64_t begin = now();
    void *payload = kmalloc(bytes);

    note_call(run, CALL_MALLOC, now() - begin);
    return payload;
}

static void *call_realloc(struct run *run, void *old, uint32_t bytes)
{
    uint64_t (*now)(void) = counter_of(run);
    uint64_t begin = now();
    void *payload = krealloc(old, bytes);

    note_call(run, CALL_REALLOC, now() - begin);
    return payload;
}

static enum heap_error call_free(struct run *run, void *payload)
{
    uint64_t (*now)(void) = counter_of(run);
    uint64_t begin = now();
    enum heap_error error = kfree(payload);

    note_call(run, CALL_FREE, now() - begin);
    return error;
}

/* A line of the history, if one is wanted. */
static void note(const struct run *run, const char *kind,
                 const struct id_entry *entry)
{
    if (run->env->history && run->env->record != NULL && !run->probe)
        record_block(run->env, kind, run->trace.done, entry);
}

/* The picture has no gap between the heap and the window. */
static uintptr_t place_in_picture(const struct run *run,
                                  const struct id_entry *entry)
{
    return run->env->heap_begin + replay_offset(run->env, entry->address);
}

static void replay_take(struct run *run, const struct id_entry *entry)
{
    note(run, "taken", entry);
    shadow_take(run->shadow, entry->address, entry->bytes);
    run->live_bytes += entry->bytes;
    if (run->env->picture != NULL && !run->probe)
        picture_take(run->env->picture, place_in_picture(run, entry),
                     granules_of(entry->bytes));
}

static void replay_give(struct run *run, const struct id_entry *entry)
{
    note(run, "given", entry);
    shadow_give(run->shadow, entry->address, entry->bytes);
    run->live_bytes -= entry->bytes;
    if (run->env->picture != NULL && !run->probe)
        picture_give(run->env->picture, place_in_picture(run, entry),
                     granules_of(entry->bytes));
}

/* From here on the entry's block is `payload`, with new contents. */
static void replay_settle(struct run *run, struct id_entry *entry,
                          void *payload, uint32_t bytes)
{
    size_t end = replay_offset(run->env, (uintptr_t)payload) + bytes;

    *entry = (struct id_entry){ (uintptr_t)payload, bytes, run->trace.done };
    replay_take(run, entry);
    if (end > run->result->high_water_bytes)
        run->result->high_water_bytes = end;
    if (!run->probe)
        pattern_fill(payload, bytes, entry->seed);
}

/* A call has returned NULL: a figure, unless this is a probe. */
static bool ran_out(struct run *run, enum call_kind kind)
{
    struct replay_result *result = run->result;

    if (heap_not_written())
        return run_fail_not_written(run, kind);
    if (result->failures == 0) {
        result->done_before_failure = run->trace.done - 1;
        result->line = run->trace.line;
    }
    result->failures++;
    result->verdict = REPLAY_OUT_OF_MEMORY;
    return !run->probe;
}

/* `a`, and `r` of an id that is not live. */
static bool do_alloc(struct run *run, struct id_entry *entry,
                     enum call_kind kind)
{
    uint32_t bytes = run->op.bytes;
    void *payload = kind == CALL_MALLOC ? call_malloc(run, bytes)
                                        : call_realloc(run, NULL, bytes);

    if (payload == NULL) {
        entry->address = ID_NO_BLOCK;
        return ran_out(run, kind);
    }
    if (!place_is_right(run, kind, payload, bytes))
        return false;
    replay_settle(run, entry, payload, bytes);
    return true;
}

static bool do_resize(struct run *run, struct id_entry *entry)
{
    uint32_t bytes = run->op.bytes;
    uint32_t kept = bytes < entry->bytes ? bytes : entry->bytes;
    struct id_entry old = *entry;
    void *payload;

    if (!contents_hold(run, run->op.id, old.bytes, "before krealloc"))
        return false;
    payload = call_realloc(run, (void *)old.address, bytes);
    if (payload == NULL)
        return contents_hold(run, run->op.id, old.bytes,
                             "after krealloc returned NULL") &&
               ran_out(run, CALL_REALLOC);
    /* The new place may cover the old one. */
    replay_give(run, &old);
    entry->address = (uintptr_t)payload;
    if (!place_is_right(run, CALL_REALLOC, payload, bytes) ||
        !contents_hold(run, run->op.id, kept, "after krealloc"))
        return false;
    replay_settle(run, entry, payload, bytes);
    return true;
}

static bool do_free(struct run *run, uint32_t id)
{
    struct id_entry *entry = &run->ids->entries[id];
    void *payload = (void *)entry->address;
    enum heap_error error;

    if (!contents_hold(run, id, entry->bytes, "before kfree"))
        return false;
    replay_give(run, entry);
    entry->address = ID_NOT_LIVE;
    error = call_free(run, payload);
    if (error == HEAP_NOT_WRITTEN)
        return run_fail_not_written(run, CALL_FREE);
    return error == HEAP_OK ||
           run_fail(run, "id %u: kfree refuses its block at 0x%zx: %s", id,
                    (uintptr_t)payload, heap_error_text(error));
}

static bool do_op(struct run *run)
{
    struct id_entry *entry = &run->ids->entries[run->op.id];

    switch (run->op.kind) {
    case TRACE_ALLOC:
        return do_alloc(run, entry, CALL_MALLOC);
    case TRACE_RESIZE:
        if (entry->address == ID_NOT_LIVE)
            return do_alloc(run, entry, CALL_REALLOC);
        if (holds_block(entry))
            return do_resize(run, entry);
        break;
    case TRACE_FREE:
        if (holds_block(entry))
            return do_free(run, run->op.id);
        entry->address = ID_NOT_LIVE;
        break;
    case TRACE_FREE_NULL:
        return call_free(run, NULL) == HEAP_OK ||
               run_fail(run, "kfree refuses NULL");
    }
    run->result->skipped++;
    return true;
}

/* Verifies and frees the blocks that the trace leaves live.  These calls are
 * not part of the trace, so they are not counted. */
static bool free_the_rest(struct run *run)
{
    struct call_figures saved = run->result->calls[CALL_FREE];
    bool fine = true;

    for (uint32_t id = 0; fine && id < run->trace.ids; id++)
        if (holds_block(&run->ids->entries[id]))
            fine = contents_hold(run, id, run->ids->entries[id].bytes,
                                 "after the last operation") &&
                   do_free(run, id);
    run->result->calls[CALL_FREE] = saved;
    return fine;
}

void run_trace(struct run *run)
{
    struct picture *picture = run->probe ? NULL : run->env->picture;
    bool going = trace_open(&run->trace, run->file);

    run->result->verdict = REPLAY_OK;
    run->live_bytes = 0;
    ids_clear(run->ids, run->trace.ids);
    while (going && trace_next(&run->trace, &run->op) == TRACE_OP) {
        going = do_op(run);
        if (picture != NULL)
            picture_step(picture, run->trace.done, run->live_bytes);
    }
    run->result->operations = run->trace.done;
    if (going && !run->probe)
        free_the_rest(run);
}
