/* SPDX-License-Identifier: MIT */
/* Calls of the kmalloc layer, each checked against the live-block table. */
#include "labtest/common.h"
#include "labtest/live_blocks.h"
#include "labtest/soundness.h"
#include "labtest/usage.h"
#include "lib/string.h"
#include "mm/armour/armour.h"
#include "mm/heap/bump.h"
#include "mm/heap/heap_pages.h"
#include "mm/malloc/malloc.h"
#include "mm/spans/spans.h"
#include "mm/zalloc/zalloc.h"

/* -- Starting ------------------------------------------------------------- */

static enum stage_state lab_start_bump(uintptr_t begin, uintptr_t end)
{
    enum stage_state state = bump_init(begin, end);

    heap_start(begin, end, &bump_backend);
    return state;
}

static enum stage_state lab_start_malloc(uintptr_t begin, uintptr_t end)
{
    enum stage_state state = malloc_init(begin, end);

    heap_start(begin, end, &malloc_backend);
    return state;
}

static enum stage_state lab_start_zalloc(uintptr_t begin, uintptr_t end)
{
    enum stage_state state = lab_start_malloc(begin, end);

    if (state == STAGE_OK)
        state = zalloc_init(heap_page_source(begin, end));
    heap_add_small(&zalloc_backend, ZALLOC_BYTES_MAX);
    return state;
}

static enum stage_state lab_start_spans(uintptr_t begin, uintptr_t end)
{
    enum stage_state state = lab_start_malloc(begin, end);

    if (state == STAGE_OK)
        state = spans_init(heap_page_source(begin, end), spans_shared);
    heap_add_small(&spans_backend, SPANS_BYTES_MAX);
    return state;
}

static enum stage_state lab_start_armour(uintptr_t begin, uintptr_t end)
{
    enum stage_state state = armour_init(begin, end);

    heap_start(begin, end, &armour_backend);
    return state;
}

static const struct {
    const char *lab;
    enum stage_state (*start)(uintptr_t begin, uintptr_t end);
} starters[] = {
    { "heap", lab_start_bump },     { "malloc", lab_start_malloc },
    { "zalloc", lab_start_zalloc }, { "spans", lab_start_spans },
    { "armour", lab_start_armour },
};

static enum stage_state lab_start_heap(uintptr_t begin, uintptr_t end)
{
    for (size_t i = 0; i < sizeof starters / sizeof *starters; i++) {
        if (strcmp(starters[i].lab, lab_chosen->name) == 0)
            return starters[i].start(begin, end);
    }
    LAB_FAIL("no allocator belongs to the lab %s", lab_chosen->name);
}

static void forget_all(void)
{
    const struct live_block *block = NULL;

    while ((block = live_blocks_next(block)) != NULL)
        lab_side_unguard((const void *)block->payload, block->bytes);
}

/* A heap begins in used memory: junk, words like the header of a small free
 * block, all ones, or zeros. */
static void soil(uintptr_t begin, uintptr_t end)
{
    static const uint32_t words[] = { 0x6B6B6B6Bu, 0x12u, UINT32_MAX, 0 };
    static unsigned starts;
    uint32_t word = words[starts++ % (sizeof words / sizeof *words)];

    for (uintptr_t at = align_up(begin, sizeof word);
         at + sizeof word <= end && !lab_side_playing(); at += sizeof word)
        *(uint32_t *)at = word;
}

void lab_heap_start_at(size_t offset, size_t bytes)
{
    uintptr_t begin = lab_places.heap_begin + offset, end = begin + bytes;
    struct lab_record record;
    enum stage_state state;

    lab_expect_sound();
    record = lab_note(LAB_HEAP_START, (uint32_t)begin, (uint32_t)end, 0);
    forget_all();
    soil(begin, end);
    live_blocks_start(begin, end);
    state = lab_side_played(&record) ? (enum stage_state)record.result
                                     : lab_start_heap(begin, end);
    lab_noted(&record, (uint32_t)state);
    if (state == STAGE_NOT_WRITTEN)
        LAB_FAIL("the start of the allocator is not written yet");
    LAB_EXPECT(state == STAGE_OK, "the allocator does not start");
    soundness_started();
    usage_forget();
}

void lab_heap_start(size_t bytes)
{
    lab_heap_start_at(0, bytes);
}

/* -- What every answer owes ----------------------------------------------- */

static void expect_written(void)
{
    if (heap_not_written())
        LAB_FAIL("a function of the allocator is not written yet");
}

/* Checks L1 for new payload; then it belongs to the test. */
void *lab_accept(void *payload, size_t bytes, size_t alignment)
{
    uintptr_t address = (uintptr_t)payload;
    const struct live_block *other;

    expect_written();
    if (!payload)
        return NULL;
    if (address % alignment != 0)
        LAB_FAIL("%zu bytes at %#lx, which is not a multiple of %zu", bytes,
                 (unsigned long)address, alignment);
    if (!live_blocks_within(address, bytes))
        LAB_FAIL("%zu bytes at %#lx, outside the heap", bytes,
                 (unsigned long)address);
    other = live_blocks_overlap(address, bytes);
    if (other)
        LAB_FAIL("%zu bytes at %#lx overlap the %zu at %#lx, which are in use",
                 bytes, (unsigned long)address, other->bytes,
                 (unsigned long)other->payload);
    other = live_blocks_add(payload, bytes);
    if (!lab_side_playing())
        live_blocks_fill(other);
    lab_side_guard(payload, bytes);
    return payload;
}

/* L2 for the first `bytes` bytes at `payload`. */
static void verify(const void *payload, size_t bytes,
                   const struct live_block *pattern)
{
    size_t i = lab_side_playing() ? bytes
                                  : live_blocks_damage(payload, bytes, pattern);

    if (i < bytes)
        LAB_FAIL("payload at %#lx: byte %zu of %zu has been overwritten: "
                 "%#x, expected %#x",
                 (unsigned long)payload, i, bytes,
                 ((const uint8_t *)payload)[i], live_blocks_byte(pattern, i));
}

void lab_open(const struct live_block *block)
{
    lab_side_unguard((const void *)block->payload, block->bytes);
    verify((const void *)block->payload, block->bytes, block);
}

void lab_shut(const struct live_block *block)
{
    lab_side_guard((const void *)block->payload, block->bytes);
}

/* Opens all blocks, or shuts them. */
static void every_block(void (*act)(const struct live_block *block))
{
    const struct live_block *block = NULL;

    while ((block = live_blocks_next(block)) != NULL)
        act(block);
}

void lab_verify(void)
{
    every_block(lab_open);
    every_block(lab_shut);
}

static void fill_block(const struct live_block *block, void *payload,
                       uint32_t word)
{
    live_blocks_use_word(payload, word);
    lab_side_unguard(payload, block->bytes);
    if (!lab_side_playing())
        live_blocks_fill(block);
    lab_side_guard(payload, block->bytes);
}

void lab_fill(void *payload, uint32_t word)
{
    const struct live_block *block = live_blocks_find(payload);

    if (block)
        fill_block(block, payload, word);
    else
        LAB_FAIL("the test fills %#lx, which is not a block in use",
                 (unsigned long)payload);
}

/* Verifies the payload of every live block at the end of a test. */
void lab_verify_memory(void)
{
    const struct live_block *block = NULL;

    while ((block = live_blocks_next(block)) != NULL) {
        const void *payload = (const void *)block->payload;

        if (live_blocks_damage(payload, block->bytes, block) < block->bytes)
            LAB_FAIL("at the end, the %zu bytes at %#lx have been overwritten",
                     block->bytes, (unsigned long)block->payload);
    }
}

/* -- The calls ------------------------------------------------------------ */

void *lab_alloc_aligned(size_t bytes, size_t alignment)
{
    struct lab_record record =
        lab_note(LAB_ALLOC, (uint32_t)bytes, (uint32_t)alignment, 0);
    void *payload = lab_side_played(&record) ? (void *)record.result
                    : alignment == HEAP_ALIGNMENT
                        ? kmalloc(bytes)
                        : kmalloc_aligned(bytes, alignment);

    lab_noted(&record, (uint32_t)(uintptr_t)payload);
    lab_accept(payload, bytes, alignment);
    usage_allocated(payload);
    return payload;
}

void *lab_alloc(size_t bytes)
{
    return lab_alloc_aligned(bytes, HEAP_ALIGNMENT);
}

/* A free that has to be refused.  The allocator may read payload for that, but
 * must not change it. */
static enum heap_error misuse(void *payload)
{
    enum heap_error error;

    every_block(lab_open);
    error = kfree(payload);
    lab_verify();
    return error;
}

enum heap_error lab_free_damaged(void *payload)
{
    struct lab_record record =
        lab_note(LAB_FREE, (uint32_t)(uintptr_t)payload, 0, 0);
    enum heap_error error = lab_side_played(&record)
                                ? (enum heap_error)record.result
                                : misuse(payload);

    lab_noted(&record, (uint32_t)error);
    expect_written();
    if (error == HEAP_OK)
        LAB_FAIL("kfree(%#lx) was accepted, with the bookkeeping overwritten",
                 (unsigned long)payload);
    usage_unchanged();
    return error;
}

enum heap_error lab_free(void *payload)
{
    const struct live_block *block = live_blocks_find(payload);
    struct lab_record record =
        lab_note(LAB_FREE, (uint32_t)(uintptr_t)payload, 0, 0);
    enum heap_error error;

    if (block)
        lab_open(block);
    error = lab_side_played(&record) ? (enum heap_error)record.result
            : block                  ? kfree(payload)
                                     : misuse(payload);
    lab_noted(&record, (uint32_t)error);
    expect_written();
    if (block && error != HEAP_OK)
        LAB_FAIL("kfree(%#lx), a block in use, was refused: %s",
                 (unsigned long)payload, heap_error_text(error));
    if (!block && payload && error == HEAP_OK)
        LAB_FAIL("kfree(%#lx) was accepted, but no block in use begins there",
                 (unsigned long)payload);
    if (block)
        usage_freed(block);
    else
        usage_unchanged();
    if (block)
        live_blocks_remove(payload);
    return error;
}

void *lab_realloc(void *payload, size_t bytes)
{
    const struct live_block *found = live_blocks_find(payload);
    struct live_block old = found ? *found : (struct live_block){ 0 };
    struct lab_record record =
        lab_note(LAB_REALLOC, (uint32_t)(uintptr_t)payload, (uint32_t)bytes, 0);
    void *moved;

    if (payload && !found)
        LAB_FAIL("the test resizes %#lx, which is not a block in use",
                 (unsigned long)payload);
    if (found)
        lab_open(found);
    moved = lab_side_played(&record) ? (void *)record.result
                                     : krealloc(payload, bytes);
    lab_noted(&record, (uint32_t)(uintptr_t)moved);
    expect_written();
    if (found && !moved) {
        lab_open(found);
        lab_shut(found);
        usage_unchanged();
        return NULL;
    }
    if (found) {
        verify(moved, old.bytes < bytes ? old.bytes : bytes, &old);
        live_blocks_remove(payload);
    }
    lab_accept(moved, bytes, HEAP_ALIGNMENT);
    if (found)
        usage_resized(&old, moved);
    else
        usage_allocated(moved);
    return moved;
}

bool lab_resize_refused(void *payload, size_t bytes)
{
    bool refused = false;

    every_block(lab_open);
    if (!lab_side_playing())
        refused = strcmp(lab_chosen->name, "spans") == 0
                      ? !spans_resize(payload, bytes)
                      : strcmp(lab_chosen->name, "malloc") != 0 ||
                            !malloc_resize(payload, bytes);
    lab_side_see(&refused, sizeof refused);
    lab_verify();
    usage_unchanged();
    return refused;
}

uintptr_t lab_heap_begin(void)
{
    return lab_places.heap_begin;
}

size_t lab_size(const void *payload)
{
    const struct live_block *block = live_blocks_find(payload);
    struct lab_record record =
        lab_note(LAB_SIZE, (uint32_t)(uintptr_t)payload, 0, 0);
    size_t bytes;

    block ? lab_open(block) : every_block(lab_open);
    bytes = lab_side_played(&record) ? record.result : kmalloc_size(payload);
    block ? lab_shut(block) : every_block(lab_shut);
    lab_noted(&record, (uint32_t)bytes);
    if (block && bytes < block->bytes)
        LAB_FAIL("kmalloc_size(%#lx) is %zu, for a block of %zu bytes",
                 (unsigned long)payload, bytes, block->bytes);
    return bytes;
}

struct heap_stats lab_heap_stats(void)
{
    struct heap_stats stats = { 0 };

    if (!lab_side_playing())
        stats = heap_stats();
    lab_side_see(&stats.usage, sizeof stats.usage);
    return stats;
}
