/* SPDX-License-Identifier: MIT */
/* Replays a trace through the calls of a test, so that each of them is checked
 * and noted.  The ids of the trace are in the test's scratch memory.
 */
#include "labtest/common.h"
#include "lib/string.h"
#include "replay/judge.h"
#include "replay/survey.h"

static struct trace trace;
static struct id_table ids;

static struct replayed {
    size_t high_water; /* end of the highest payload, from the heap's begin */
    bool out_of_memory;
} replayed;

static bool runs_out_rightly(void)
{
    /* A bump pointer reuses nothing. */
    return strcmp(lab_chosen->name, "heap") == 0;
}

static void trace_settle(struct id_entry *entry, const void *payload,
                         uint32_t bytes)
{
    uintptr_t address = (uintptr_t)payload;
    size_t end = address + bytes - lab_places.heap_begin;

    *entry = (struct id_entry){ address, bytes, 0 };
    if (end > replayed.high_water)
        replayed.high_water = end;
}

static void run_out(const struct trace_op *op)
{
    replayed.out_of_memory = true;
    if (!runs_out_rightly())
        LAB_FAIL("%s:%u: operation %u: NULL for %u bytes", trace.file->name,
                 trace.line, trace.done, op->bytes);
}

/* `a`, and `r` of an id that is not live. */
static void allocate(struct id_entry *entry, const struct trace_op *op)
{
    void *payload = op->kind == TRACE_ALLOC ? lab_alloc(op->bytes)
                                            : lab_realloc(NULL, op->bytes);

    if (payload) {
        trace_settle(entry, payload, op->bytes);
    } else {
        entry->address = ID_NO_BLOCK;
        run_out(op);
    }
}

static void resize(struct id_entry *entry, const struct trace_op *op)
{
    void *payload = lab_realloc((void *)entry->address, op->bytes);

    if (payload)
        trace_settle(entry, payload, op->bytes);
    else
        run_out(op);
}

static void release(struct id_entry *entry)
{
    if (holds_block(entry))
        lab_free((void *)entry->address);
    entry->address = ID_NOT_LIVE;
}

static void take_op(const struct trace_op *op)
{
    struct id_entry *entry = &ids.entries[op->id];

    if (op->kind == TRACE_FREE_NULL)
        lab_free(NULL);
    else if (op->kind == TRACE_FREE)
        release(entry);
    else if (op->kind == TRACE_ALLOC || entry->address == ID_NOT_LIVE)
        allocate(entry, op);
    else if (holds_block(entry))
        resize(entry, op);
}

/* Stops at the first NULL if memory is never reused: all later answers would be
 * NULL, too. */
static void replay_in(const struct trace_file *file, size_t bytes)
{
    struct trace_op op;

    replayed = (struct replayed){ 0 };
    lab_heap_start(bytes);
    if (!trace_open(&trace, file))
        LAB_FAIL("%s", trace.reason);
    ids_clear(&ids, trace.ids);
    while (!replayed.out_of_memory && trace_next(&trace, &op) == TRACE_OP)
        take_op(&op);
    for (uint32_t id = 0; id < trace.ids; id++)
        release(&ids.entries[id]);
}

static struct survey survey(const struct trace_file *file)
{
    struct survey found;

    ids.room = LAB_SCRATCH_BYTES / sizeof *ids.entries;
    ids.entries = lab_scratch(ids.room * sizeof *ids.entries);
    if (!survey_trace(&trace, file, &ids, &found))
        LAB_FAIL("%s", trace.reason);
    return found;
}

void lab_replay(const char *name, unsigned percent)
{
    struct trace_file file;
    size_t bytes;

    if (!lab_side_trace(name, &file))
        LAB_FAIL("there is no trace %s", name);
    bytes = (size_t)survey(&file).peak_bytes / percent * 100;
    replay_in(&file, LAB_HEAP_BYTES);
    if (replayed.out_of_memory)
        LAB_EXPECT(replayed.high_water / 128 * 100 >=
                       LAB_HEAP_BYTES / 128 * percent,
                   "out of memory with only %zu of the heap's %u bytes in use",
                   replayed.high_water, LAB_HEAP_BYTES);
    else
        replay_in(&file, bytes < LAB_HEAP_BYTES ? bytes & ~7u : LAB_HEAP_BYTES);
}
