/* SPDX-License-Identifier: MIT */
/* Reads a list of operations, and runs it on a subject. */
#include "bench/driver/work.h"

#include "bench/driver/system.h"
#include "lib/panic.h"
#include "lib/string.h"

struct header {
    uint32_t magic;
    uint32_t ids;
    uint32_t count;
};

#define MAGIC 0x4F50534Du /* "MSPO" */

static uint32_t overhead;

struct work work_make(struct op *ops, uint32_t count, uint32_t ids)
{
    return (struct work){
        .ops = ops,
        .count = count,
        .ids = ids,
        .payload = memory_map((ids + 1) * sizeof(void *), true),
        .bytes = memory_map((ids + 1) * sizeof(uint32_t), true),
    };
}

struct work work_load(const char *path)
{
    size_t bytes;
    struct header *header = file_load(path, &bytes);

    if (bytes < sizeof *header || header->magic != MAGIC ||
        (bytes - sizeof *header) / sizeof(struct op) != header->count)
        panic("%s is not a list of operations", path);
    return work_make((struct op *)(header + 1), header->count, header->ids);
}

void work_forget(struct work *work)
{
    memset(work->payload, 0, work->ids * sizeof(void *));
    memset(work->bytes, 0, work->ids * sizeof(uint32_t));
}

void work_calibrate(void)
{
    uintptr_t result;
    uint32_t counted = call_counted(known_1, 0, 0, &result);

    overhead = counted > 0 ? counted - 1 : 0;
}

uint32_t work_overhead(void)
{
    return overhead;
}

/* Neighbouring ids differ in every pattern byte that matters. */
static uint8_t pattern(uint32_t id)
{
    return (uint8_t)(id * 37 + id / 256 + 11);
}

static void fill(struct work *work, uint32_t id, uint32_t from)
{
    uint32_t bytes = work->bytes[id];

    if (from < bytes)
        memset((char *)work->payload[id] + from, pattern(id), bytes - from);
}

/* Word by word as far as all is well, since most of the driver's time is
 * spent here; then byte by byte. */
static void verify(const struct work *work, uint32_t id, uint32_t bytes)
{
    const uint8_t *payload = work->payload[id];
    const uint32_t *words = work->payload[id];
    uint32_t expected = pattern(id) * 0x01010101u, i = 0;

    while (i + 4 <= bytes && words[i / 4] == expected)
        i += 4;
    for (; i < bytes; i++) {
        if (payload[i] != pattern(id))
            panic("id %u: byte %u of %u is %#x, expected %#x", id, i, bytes,
                  payload[i], pattern(id));
    }
}

/* The cost of one call, flagged if it emptied caches. */
static uint32_t call(const struct subject *subject, callee function,
                     uintptr_t first, uintptr_t second, uintptr_t *result)
{
    uint32_t before = subject->reclaims ? subject->reclaims() : 0;
    uint32_t cost = call_counted(function, first, second, result) - overhead;

    if (cost > COST_BITS)
        cost = COST_BITS;
    if (subject->reclaims && subject->reclaims() != before)
        cost |= COST_RECLAIMED;
    return cost;
}

static uint32_t step_alloc(struct work *work, const struct subject *subject,
                           const struct op *op)
{
    uintptr_t payload;
    uint32_t cost = call(subject, subject->alloc, op->bytes, 8, &payload);

    if (!payload)
        return cost | COST_FAILED;
    /* mimalloc aligns what is smaller than 8 bytes to 4. */
    if (subject->start && payload % 8 != 0)
        panic("id %u: payload at %#lx is not aligned", op->id,
              (unsigned long)payload);
    work->payload[op->id] = (void *)payload;
    work->bytes[op->id] = op->bytes;
    fill(work, op->id, 0);
    return cost;
}

static uint32_t step_resize(struct work *work, const struct subject *subject,
                            const struct op *op)
{
    uint32_t old_bytes = work->bytes[op->id];
    uintptr_t old = (uintptr_t)work->payload[op->id], payload;
    /* 0 bytes: C libraries free the block, and traces do not mean that. */
    uint32_t bytes = op->bytes ? op->bytes : 1;
    uint32_t cost, kept = old_bytes < bytes ? old_bytes : bytes;

    if (!old)
        return step_alloc(work, subject, op);
    verify(work, op->id, old_bytes);
    cost = call(subject, subject->resize, old, bytes, &payload);
    if (!payload)
        return cost | COST_FAILED;
    work->payload[op->id] = (void *)payload;
    work->bytes[op->id] = bytes;
    verify(work, op->id, kept);
    fill(work, op->id, kept);
    return payload == old ? cost : cost | COST_MOVED;
}

static uint32_t step_free(struct work *work, const struct subject *subject,
                          const struct op *op)
{
    uintptr_t payload = (uintptr_t)work->payload[op->id], ignored;

    if (!payload)
        return 0;
    verify(work, op->id, work->bytes[op->id]);
    work->payload[op->id] = NULL;
    work->bytes[op->id] = 0;
    return call(subject, subject->free, payload, 0, &ignored);
}

uint32_t work_step(struct work *work, const struct subject *subject,
                   uint32_t number)
{
    const struct op *op = &work->ops[number];
    uintptr_t ignored;

    switch (op->kind) {
    case OP_ALLOC:
        return step_alloc(work, subject, op);
    case OP_RESIZE:
        return step_resize(work, subject, op);
    case OP_FREE:
        return step_free(work, subject, op);
    default:
        return call(subject, subject->free, 0, 0, &ignored);
    }
}
