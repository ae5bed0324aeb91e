/* SPDX-License-Identifier: MIT */
/* A trace's live bytes. */
#include "replay/survey.h"

/* Bytes and granules that are live at some point of the trace.  Sums of
 * 32-bit sizes: a trace may well hold more than any memory. */
struct live {
    uint64_t bytes;
    uint64_t granules;
};

void ids_clear(struct id_table *ids, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        ids->entries[i] = (struct id_entry){ .address = ID_NOT_LIVE };
}

static void live_add(struct live *live, struct id_entry *entry, uint32_t bytes)
{
    entry->address = ID_NO_BLOCK;
    entry->bytes = bytes;
    live->bytes += bytes;
    live->granules += granules_of(bytes);
}

static void live_remove(struct live *live, struct id_entry *entry)
{
    if (entry->address == ID_NOT_LIVE)
        return;
    entry->address = ID_NOT_LIVE;
    live->bytes -= entry->bytes;
    live->granules -= granules_of(entry->bytes);
}

static bool apply(struct trace *trace, const struct trace_op *op,
                  struct id_entry *entry, struct live *live)
{
    bool is_live = entry->address != ID_NOT_LIVE;

    if (op->kind == TRACE_ALLOC && is_live)
        return trace_refuse(trace, "a of id %u, which is live already", op->id);
    if (op->kind == TRACE_FREE && !is_live)
        return trace_refuse(trace, "f of id %u, which is not live", op->id);
    live_remove(live, entry);
    if (op->kind != TRACE_FREE)
        live_add(live, entry, op->bytes);
    return true;
}

bool survey_trace(struct trace *trace, const struct trace_file *file,
                  struct id_table *ids, struct survey *survey)
{
    struct live live = { 0, 0 };
    struct trace_op op;
    enum trace_step step;

    *survey = (struct survey){ 0 };
    if (!trace_open(trace, file))
        return false;
    if (trace->ids > ids->room)
        return trace_refuse(trace,
                            "%u ids in the header, but the table has "
                            "room for %u",
                            trace->ids, ids->room);
    ids_clear(ids, trace->ids);
    while ((step = trace_next(trace, &op)) == TRACE_OP) {
        if (op.kind == TRACE_FREE_NULL)
            continue;
        if (!apply(trace, &op, &ids->entries[op.id], &live))
            return false;
        if (op.kind != TRACE_FREE && op.bytes > survey->largest_bytes)
            survey->largest_bytes = op.bytes;
        if (live.bytes > survey->peak_bytes)
            survey->peak_bytes = live.bytes;
        if (live.granules > survey->peak_granules)
            survey->peak_granules = live.granules;
    }
    survey->operations = trace->done;
    return step == TRACE_END;
}
