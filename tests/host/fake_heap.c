/* SPDX-License-Identifier: MIT */
/* A first fit that errs on request. */
#include "fake_heap.h"

#include "mm/heap/heap.h"

#include <stdlib.h>
#include <string.h>

#define GRANULES    (FAKE_HEAP_BYTES / GRANULE_BYTES)
#define FAULTY_CALL 3u /* the call that shows the fault */
/* Asked only of blocks that have to move: one correct move first. */
#define FAULTY_SIZE 2

enum fake_fault fake_fault;
static uint8_t *heap;
static uint32_t heap_granules;    /* of the heap in force */
static uint32_t blocks[GRANULES]; /* granules of the block that starts here */
static bool taken[GRANULES];
static unsigned calls;
static uint64_t clock_ticks;
unsigned fake_restarts;
static void *kept[16];
static unsigned kept_count;

static uint8_t *place(uint32_t granule)
{
    return heap + granule * GRANULE_BYTES;
}

static uint32_t granule_at(const void *payload)
{
    return (uint32_t)((const uint8_t *)payload - heap) / GRANULE_BYTES;
}

static bool is_faulty_call(enum fake_fault which)
{
    return fake_fault == which && ++calls == FAULTY_CALL;
}

static bool fits(uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++)
        if (i >= heap_granules || taken[i])
            return false;
    return true;
}

static void *settle(uint32_t first, uint32_t count)
{
    memset(taken + first, true, count);
    blocks[first] = count;
    return place(first);
}

static void *wrong_place(uint32_t bytes)
{
    if (is_faulty_call(ALLOC_OVERLAPS))
        return place(1);
    if (is_faulty_call(ALLOC_MISALIGNED))
        return place(100) + 4;
    if (is_faulty_call(ALLOC_BEFORE_HEAP))
        return heap - 64;
    if (is_faulty_call(ALLOC_BEYOND_HEAP))
        return heap + FAKE_HEAP_BYTES -
               (bytes - 1) / GRANULE_BYTES * GRANULE_BYTES;
    if (fake_fault == ALLOC_IGNORES_END && heap_granules < GRANULES)
        return heap + FAKE_HEAP_BYTES / 2;
    return fake_fault == ALLOC_NOT_WRITTEN ? NOT_WRITTEN : NULL;
}

static void *fake_alloc(size_t bytes, size_t alignment)
{
    uint32_t count = granules_of((uint32_t)bytes);
    void *wrong = wrong_place((uint32_t)bytes);

    (void)alignment;
    clock_ticks += 80;
    if (wrong)
        return wrong;
    if (is_faulty_call(ALLOC_RUNS_OUT))
        return NULL;
    if (is_faulty_call(ALLOC_STOMPS))
        heap[5] ^= 1;
    for (uint32_t first = 0; first < heap_granules; first++)
        if (fits(first, count))
            return settle(first, count);
    return NULL;
}

static enum heap_error fake_free(void *payload)
{
    uint32_t first = granule_at(payload);

    clock_ticks += 8;
    if (fake_fault == FREE_NOT_WRITTEN)
        return HEAP_NOT_WRITTEN;
    if (is_faulty_call(FREE_REFUSES))
        return HEAP_INTERIOR;
    if (is_faulty_call(FREE_STOMPS))
        heap[0] ^= 0x80;
    if (blocks[first] == 0)
        return HEAP_ALREADY_FREE;
    if (fake_fault != FREE_FORGETS)
        memset(taken + first, false, blocks[first]);
    blocks[first] = 0;
    return HEAP_OK;
}

static bool fake_resize(void *payload, size_t bytes)
{
    uint32_t first = granule_at(payload);
    uint32_t old = blocks[first];
    uint32_t count = granules_of((uint32_t)bytes);

    clock_ticks += 800;
    if (fake_fault == RESIZE_LIES)
        return true;
    if (fake_fault == RESIZE_FAILS_AND_CLEARS)
        memset(payload, 0, 1);
    if (count > old && !fits(first + old, count - old))
        return false;
    if (fake_fault == RESIZE_CLEARS)
        memset(payload, 0, 1);
    memset(taken + first, false, old);
    settle(first, count);
    return true;
}

static size_t fake_size(const void *payload)
{
    if (fake_fault == SIZE_TOO_SMALL ||
        (fake_fault == SIZE_TOO_SMALL_ONCE && ++calls == FAULTY_SIZE))
        return 1;
    return blocks[granule_at(payload)] * GRANULE_BYTES;
}

static bool fake_owns(const void *payload)
{
    return (const uint8_t *)payload >= heap &&
           (const uint8_t *)payload < heap + FAKE_HEAP_BYTES;
}

static const struct heap_backend fake = {
    .name = "fake",
    .alloc = fake_alloc,
    .free = fake_free,
    .resize = fake_resize,
    .size = fake_size,
    .owns = fake_owns,
};

static bool restart(size_t bytes)
{
    fake_restarts++;
    if (bytes < FAKE_HEAP_SMALLEST)
        return false;
    memset(blocks, 0, sizeof blocks);
    memset(taken, 0, sizeof taken);
    calls = 0;
    heap_granules = (uint32_t)bytes / GRANULE_BYTES;
    heap_start((uintptr_t)heap, (uintptr_t)heap + bytes, &fake);
    return true;
}

uint64_t fake_clock(void)
{
    clock_ticks += 24;
    return clock_ticks;
}

static void *keep(size_t bytes)
{
    kept[kept_count++] = malloc(bytes);
    return kept[kept_count - 1];
}

void fake_forget(void)
{
    while (kept_count > 0)
        free(kept[--kept_count]);
}

struct replay_env fake_env(void)
{
    heap = keep(FAKE_HEAP_BYTES);
    return (struct replay_env){
        .stage = "fake",
        .heap_begin = (uintptr_t)heap,
        .heap_bytes = FAKE_HEAP_BYTES,
        .restart = restart,
    };
}

struct trace_file fake_trace(const char *text)
{
    size_t bytes = strlen(text);

    return (struct trace_file){ "t.rep", memcpy(keep(bytes), text, bytes),
                                bytes };
}

void fake_memory(const struct trace_file *files, size_t count)
{
    size_t bytes = replay_memory_needed(files, count, FAKE_HEAP_BYTES);

    replay_init((struct replay_memory){ keep(bytes), bytes });
}
