/* SPDX-License-Identifier: MIT */
/* Ok or wrong. */
#include "replay/judge.h"

#include "lib/print.h"
#include "mm/heap/heap.h"
#include "replay/pattern.h"

#include <stdarg.h>

_Static_assert(GRANULE_BYTES == HEAP_ALIGNMENT,
               "blocks that do not overlap share no granule");

static const char *const call_names[CALL_KINDS] = {
    [CALL_MALLOC] = "kmalloc",
    [CALL_FREE] = "kfree",
    [CALL_REALLOC] = "krealloc",
};

/* gdb stops here: the reason is in `result`, and the heap is unchanged. */
void replay_failed(const struct replay_result *result);

__attribute__((noinline)) void replay_failed(const struct replay_result *result)
{
    __asm__ volatile("" : : "r"(result)); /* a call is never left out */
}

/* Ends the run: "NAME:LINE: operation N: " and what is wrong. */
bool run_fail(struct run *run, const char *format, ...)
{
    char what[TRACE_REASON_BYTES];
    char where[40] = "";
    struct replay_result *result = run->result;
    va_list arguments;

    va_start(arguments, format);
    vformat_text(what, sizeof what, format, arguments);
    va_end(arguments);
    if (run->probe)
        format_text(where, sizeof where,
                    "in a heap of %zu bytes: ", run->heap_bytes);
    format_text(result->reason, sizeof result->reason,
                "%s:%u: operation %u: %s%s", run->file->name, run->trace.line,
                run->trace.done, where, what);
    result->verdict = REPLAY_FAILED;
    result->line = run->trace.line;
    replay_failed(result);
    return false;
}

bool run_fail_not_written(struct run *run, enum call_kind kind)
{
    run_fail(run, "%s is not written yet", call_names[kind]);
    run->result->verdict = REPLAY_NOT_WRITTEN;
    return false;
}

/* Names the block in the way of [address, address + bytes). */
static bool fail_overlap(struct run *run, uintptr_t address, uint32_t bytes)
{
    uintptr_t end = address + granules_of(bytes) * GRANULE_BYTES;

    for (uint32_t id = 0; id < run->trace.ids; id++) {
        const struct id_entry *other = &run->ids->entries[id];

        if (id != run->op.id && holds_block(other) && other->address < end &&
            address <
                other->address + granules_of(other->bytes) * GRANULE_BYTES)
            return run_fail(run,
                            "id %u: %u bytes at 0x%zx overlap id %u, which "
                            "has %u bytes at 0x%zx",
                            run->op.id, bytes, address, id, other->bytes,
                            other->address);
    }
    return run_fail(run, "id %u: %u bytes at 0x%zx overlap another live block",
                    run->op.id, bytes, address);
}

static bool fail_outside(struct run *run, enum call_kind kind,
                         uintptr_t address, uint32_t bytes)
{
    const struct shadow_range *ranges = run->shadow->ranges;
    char window[40] = "";

    if (run->shadow->count > 1)
        format_text(window, sizeof window, " and 0x%zx to 0x%zx",
                    ranges[1].begin, ranges[1].end);
    return run_fail(run,
                    "id %u: %s returned 0x%zx for %u bytes; the heap is "
                    "0x%zx to 0x%zx%s",
                    run->op.id, call_names[kind], address, bytes,
                    ranges[0].begin, ranges[0].end, window);
}

/* R1, for the answer of `kind` for the current id. */
bool place_is_right(struct run *run, enum call_kind kind, const void *payload,
                    uint32_t bytes)
{
    uintptr_t address = (uintptr_t)payload;

    if (address % HEAP_ALIGNMENT != 0)
        return run_fail(run, "id %u: %s returned 0x%zx, no multiple of %u",
                        run->op.id, call_names[kind], address, HEAP_ALIGNMENT);
    if (!shadow_contains(run->shadow, address, bytes))
        return fail_outside(run, kind, address, bytes);
    return shadow_is_free(run->shadow, address, bytes) ||
           fail_overlap(run, address, bytes);
}

/* R2, for the first `bytes` bytes of a live block. */
bool contents_hold(struct run *run, uint32_t id, uint32_t bytes,
                   const char *when)
{
    const struct id_entry *entry = &run->ids->entries[id];
    struct mismatch where;

    if (run->probe ||
        pattern_holds((const void *)entry->address, bytes, entry->seed, &where))
        return true;
    return run_fail(run,
                    "id %u: %s, byte %zu of %u at 0x%zx is 0x%02x, expected "
                    "0x%02x",
                    id, when, where.offset, entry->bytes, entry->address,
                    where.found, where.expected);
}
