/* SPDX-License-Identifier: MIT */
/* Calls of the front door, each held against the ledger. */
#include "lab/common.h"
#include "lab/ledger.h"
#include "lib/string.h"
#include "mm/bump.h"
#include "mm/heap_pages.h"
#include "mm/malloc.h"
#include "mm/zalloc.h"
#include "replay/replay.h"

/* -- Starting ------------------------------------------------------------- */

static enum stage_state start_bump(uintptr_t begin, uintptr_t end)
{
    enum stage_state state = bump_init(begin, end);

    heap_start(begin, end, &bump_backend);
    return state;
}

static enum stage_state start_malloc(uintptr_t begin, uintptr_t end)
{
    enum stage_state state = malloc_init(begin, end);

    heap_start(begin, end, &malloc_backend);
    return state;
}

static enum stage_state start_zalloc(uintptr_t begin, uintptr_t end)
{
    enum stage_state state = start_malloc(begin, end);

    if (state == STAGE_OK)
        state = zalloc_init(heap_page_source(begin, end));
    heap_add_small(&zalloc_backend, ZALLOC_BYTES_MAX);
    return state;
}

static const struct {
    const char *lab;
    enum stage_state (*start)(uintptr_t begin, uintptr_t end);
} starters[] = {
    { "heap", start_bump },
    { "malloc", start_malloc },
    { "zalloc", start_zalloc },
};

static enum stage_state start(size_t bytes)
{
    uintptr_t begin = lab_places.heap_begin;

    for (size_t i = 0; i < sizeof starters / sizeof *starters; i++) {
        if (strcmp(starters[i].lab, lab_chosen->name) == 0)
            return starters[i].start(begin, begin + bytes);
    }
    LAB_FAIL("no allocator belongs to the lab %s", lab_chosen->name);
}

bool lab_start_allocators(size_t bytes)
{
    return start(bytes) == STAGE_OK;
}

static void forget_all(void)
{
    const struct ledger_block *block = NULL;

    while ((block = ledger_next(block)) != NULL)
        lab_side_unguard((const void *)block->payload, block->bytes);
}

void lab_heap_start(size_t bytes)
{
    uintptr_t begin = lab_places.heap_begin, end = begin + bytes;
    struct lab_record record =
        lab_note(LAB_HEAP_START, (uint32_t)begin, (uint32_t)end, 0);
    enum stage_state state;

    forget_all();
    ledger_start(begin, end);
    state = start(bytes);
    lab_noted(&record, (uint32_t)state);
    if (state == STAGE_NOT_WRITTEN)
        LAB_FAIL("the start of the allocator is not written yet");
    LAB_EXPECT(state == STAGE_OK, "the allocator does not start");
}

/* -- What every answer owes ----------------------------------------------- */

static void expect_written(void)
{
    if (heap_not_written())
        LAB_FAIL("a function of the allocator is not written yet");
}

/* L1 for new payload; then it is the test's. */
void *lab_accept(void *payload, size_t bytes, size_t alignment)
{
    uintptr_t address = (uintptr_t)payload;
    const struct ledger_block *other;

    expect_written();
    if (!payload)
        return NULL;
    if (address % alignment != 0)
        LAB_FAIL("%zu bytes at %#lx, which is no multiple of %zu", bytes,
                 (unsigned long)address, alignment);
    if (!ledger_within(address, bytes))
        LAB_FAIL("%zu bytes at %#lx, outside the heap", bytes,
                 (unsigned long)address);
    other = ledger_overlap(address, bytes);
    if (other)
        LAB_FAIL("%zu bytes at %#lx overlap the %zu at %#lx, which are in use",
                 bytes, (unsigned long)address, other->bytes,
                 (unsigned long)other->payload);
    other = ledger_add(payload, bytes);
    ledger_fill(other);
    lab_side_guard(payload, bytes);
    return payload;
}

/* L2 for the first `bytes` bytes at `payload`. */
static void verify(const void *payload, size_t bytes, uint32_t pattern)
{
    size_t i = ledger_damage(payload, bytes, pattern);

    if (i < bytes)
        LAB_FAIL("payload at %#lx: byte %zu of %zu has been overwritten: "
                 "%#x, expected %#x",
                 (unsigned long)payload, i, bytes,
                 ((const uint8_t *)payload)[i], ledger_byte(pattern, i));
}

void lab_open(const struct ledger_block *block)
{
    lab_side_unguard((const void *)block->payload, block->bytes);
    verify((const void *)block->payload, block->bytes, block->pattern);
}

void lab_shut(const struct ledger_block *block)
{
    lab_side_guard((const void *)block->payload, block->bytes);
}

/* Opens all blocks, or shuts them. */
static void every_block(void (*act)(const struct ledger_block *block))
{
    const struct ledger_block *block = NULL;

    while ((block = ledger_next(block)) != NULL)
        act(block);
}

void lab_verify(void)
{
    every_block(lab_open);
    every_block(lab_shut);
}

/* -- The calls ------------------------------------------------------------ */

void *lab_alloc_aligned(size_t bytes, size_t alignment)
{
    struct lab_record record =
        lab_note(LAB_ALLOC, (uint32_t)bytes, (uint32_t)alignment, 0);
    void *payload = alignment == HEAP_ALIGNMENT
                        ? kmalloc(bytes)
                        : kmalloc_aligned(bytes, alignment);

    lab_noted(&record, (uint32_t)(uintptr_t)payload);
    return lab_accept(payload, bytes, alignment);
}

void *lab_alloc(size_t bytes)
{
    return lab_alloc_aligned(bytes, HEAP_ALIGNMENT);
}

/* A free that has to be refused.  On the way there an allocator may look into
 * payload, but it leaves it as it is. */
static enum heap_error misuse(void *payload, enum heap_error (*call)(void *))
{
    enum heap_error error;

    every_block(lab_open);
    error = call(payload);
    lab_verify();
    return error;
}

enum heap_error lab_free(void *payload)
{
    const struct ledger_block *block = ledger_find(payload);
    struct lab_record record =
        lab_note(LAB_FREE, (uint32_t)(uintptr_t)payload, 0, 0);
    enum heap_error error;

    if (block)
        lab_open(block);
    error = block ? kfree(payload) : misuse(payload, kfree);
    lab_noted(&record, (uint32_t)error);
    expect_written();
    if (block && error != HEAP_OK)
        LAB_FAIL("kfree(%#lx), a block in use, was refused: %s",
                 (unsigned long)payload, heap_error_text(error));
    if (!block && payload && error == HEAP_OK)
        LAB_FAIL("kfree(%#lx) was accepted, but no block in use begins there",
                 (unsigned long)payload);
    if (block)
        ledger_remove(payload);
    return error;
}

void *lab_realloc(void *payload, size_t bytes)
{
    const struct ledger_block *found = ledger_find(payload);
    struct ledger_block old = found ? *found : (struct ledger_block){ 0 };
    struct lab_record record =
        lab_note(LAB_REALLOC, (uint32_t)(uintptr_t)payload, (uint32_t)bytes, 0);
    void *moved;

    if (payload && !found)
        LAB_FAIL("the test resizes %#lx, which is no block in use",
                 (unsigned long)payload);
    if (found)
        lab_open(found);
    moved = krealloc(payload, bytes);
    lab_noted(&record, (uint32_t)(uintptr_t)moved);
    expect_written();
    if (found && !moved) {
        lab_open(found);
        lab_shut(found);
        return NULL;
    }
    if (found) {
        verify(moved, old.bytes < bytes ? old.bytes : bytes, old.pattern);
        ledger_remove(payload);
    }
    return lab_accept(moved, bytes, HEAP_ALIGNMENT);
}

size_t lab_size(const void *payload)
{
    const struct ledger_block *block = ledger_find(payload);
    struct lab_record record =
        lab_note(LAB_SIZE, (uint32_t)(uintptr_t)payload, 0, 0);
    size_t bytes;

    block ? lab_open(block) : every_block(lab_open);
    bytes = kmalloc_size(payload);
    block ? lab_shut(block) : every_block(lab_shut);
    lab_noted(&record, (uint32_t)bytes);
    if (block && bytes < block->bytes)
        LAB_FAIL("kmalloc_size(%#lx) is %zu, for a block of %zu bytes",
                 (unsigned long)payload, bytes, block->bytes);
    return bytes;
}

/* -- Traces --------------------------------------------------------------- */

static struct replay_result replayed;

static void replay_in(const struct trace_file *file, size_t bytes)
{
    const struct replay_env env = {
        .stage = lab_chosen->name,
        .heap_begin = lab_places.heap_begin,
        .heap_bytes = bytes,
        .restart = lab_start_allocators,
        .may_run_out = strcmp(lab_chosen->name, "heap") == 0,
        .quick = true,
    };
    struct lab_record record = lab_note(LAB_REPLAY, (uint32_t)bytes, 0, 0);

    replay_run(&env, file, &replayed);
    lab_noted(&record, (uint32_t)replayed.verdict);
    if (replayed.verdict == REPLAY_NOT_WRITTEN)
        LAB_FAIL("a function of the allocator is not written yet");
    if (replay_is_wrong(&replayed))
        LAB_FAIL("in a heap of %zu bytes: %s", bytes, replayed.reason);
}

void lab_replay(const char *name, unsigned percent)
{
    struct trace_file file;
    size_t bytes;

    if (!lab_side_trace(name, &file))
        LAB_FAIL("there is no trace %s", name);
    forget_all();
    ledger_start(0, 0);
    replay_init(
        (struct replay_memory){ lab_places.work, lab_places.work_bytes });
    replay_in(&file, LAB_HEAP_BYTES);
    if (replayed.verdict == REPLAY_OUT_OF_MEMORY) {
        bytes = replayed.high_water_bytes;
        LAB_EXPECT(bytes / 128 * 100 >= LAB_HEAP_BYTES / 128 * percent,
                   "out of memory with only %zu of the heap's %u bytes in use",
                   bytes, LAB_HEAP_BYTES);
        return;
    }
    bytes = (size_t)replayed.survey.peak_bytes / percent * 100;
    replay_in(&file, bytes < LAB_HEAP_BYTES ? bytes & ~7u : LAB_HEAP_BYTES);
}
