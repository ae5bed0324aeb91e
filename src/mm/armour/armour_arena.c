/* SPDX-License-Identifier: MIT */
/* An arena's rarer ways: laying it out, sweeping, alignment, resizing.
 *
 * With n granules and c classes the bookkeeping takes
 *
 *     8 c                         hints
 *     8 (1 + (n + 32) / 32)       two maps: a word for the sentinel below, the
 *                                 granules, the sentinel after the last
 *     8                           granule -1
 *
 * bytes: 3.125 % of the payload, and about 1 KB for the rest of a large arena.
 */
#include "mm/armour/armour.h"

#include "lib/addr.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/armour/armour_runs.h"

/* -- Laying out ------------------------------------------------------------ */

struct plan {
    uint32_t granules, classes, map_words;
};

static uint32_t plan_bytes(const struct plan *plan)
{
    return plan->classes * (uint32_t)sizeof(struct hints) +
           2 * plan->map_words * (uint32_t)sizeof(uint32_t) +
           (1 + plan->granules) * GRANULE_SIZE;
}

/* The most granules whose bookkeeping fits into `bytes` with them; none if
 * there is not even room for that of one. */
static struct plan plan_for(uint32_t bytes)
{
    struct plan plan;
    uint32_t excess;

    plan.granules = bytes / GRANULE_SIZE;
    do {
        plan.classes = class_of((granules_t){ plan.granules }).number + 1;
        plan.map_words = 1 + plan.granules / WORD_BITS + 1;
        excess = plan_bytes(&plan);
        excess = excess > bytes ? (excess - bytes + 15) / 16 : 0;
        plan.granules -= excess < plan.granules ? excess : plan.granules;
    } while (excess > 0 && plan.granules > 0);
    return plan;
}

static void hints_forget(struct arena *arena)
{
    for (uint32_t i = 0; i < arena->class_count; i++)
        arena->hints[i] = (struct hints){ NO_GRANULE, NO_GRANULE };
    memset(arena->class_bits, 0, sizeof arena->class_bits);
    /* Any search ends: here, or at the last bit that there is. */
    bit_set(arena->class_bits, arena->class_count);
    bit_set(arena->class_bits, CLASS_WORDS * WORD_BITS - 1);
}

static void caches_forget(struct arena *arena)
{
    for (uint32_t i = 0; i <= WORD_BITS; i++)
        arena->caches[i] = (struct size_cache){
            NO_GRANULE, i <= arena->cache_count ? NO_GRANULE : NO_PLACE
        };
}

void arena_init_empty(struct arena *arena, uintptr_t base)
{
    *arena = (struct arena){
        .begin = base,
        .base = base,
        .end = base,
        .batch = NO_RUN,
        .last_freed = NO_RUN,
        .wilderness = NO_RUN,
    };
    caches_forget(arena);
    hints_forget(arena);
}

void arena_init_tables(struct arena *arena)
{
    const granule_t below = { (uint32_t)-1 };

    hints_forget(arena);
    caches_forget(arena);
    cut_at(arena, below);
    mark_used(arena, below);
}

/* H1 for an arena that has become shorter. */
static void hints_limit(struct arena *arena, granule_t end)
{
    for (uint32_t i = 0; i < arena->class_count; i++) {
        struct hints *hints = &arena->hints[i];

        if (hints->next.number >= end.number)
            hints->next = NO_GRANULE;
        if (hints->lowest.number >= end.number) {
            hints->lowest = NO_GRANULE;
            bit_clear(arena->class_bits, i);
        }
    }
}

void arena_set_length(struct arena *arena, granules_t length)
{
    const granule_t after = { length.count };

    ASSERT_BELOW(length.count, 1u << 29);
    if (length.count < arena->length.count)
        hints_limit(arena, after);
    arena->length = length;
    arena->end = address_of(arena, after);
    cut_at(arena, after);
    mark_used(arena, after);
}

/* What waits in caches is kept from other sizes: a small region has fewer. */
static void plan_caches(struct arena *arena, size_t bytes)
{
    size_t count = bytes / BYTES_PER_CACHE;

    arena->cache_count = count < CACHES_MAX ? (uint32_t)count : CACHES_MAX;
}

bool arena_init(struct arena *arena, uintptr_t begin, uintptr_t end)
{
    struct plan plan;

    begin = align_up(begin, GRANULE_SIZE);
    end = align_down(end, GRANULE_SIZE);
    if (end < begin)
        end = begin;
    arena_init_empty(arena, end);
    arena->begin = begin;
    plan = plan_for((uint32_t)(end - begin));
    if (plan.granules == 0)
        return false;
    memset((void *)begin, 0, plan_bytes(&plan) - plan.granules * GRANULE_SIZE);
    arena->base = end - plan.granules * GRANULE_SIZE;
    arena->hints = (struct hints *)begin;
    plan_caches(arena, end - begin);
    arena->class_count = plan.classes;
    arena->starts = (uint32_t *)(arena->hints + plan.classes) + 1;
    arena->used = arena->starts + plan.map_words;
    arena_init_tables(arena);
    arena_set_length(arena, (granules_t){ plan.granules });
    arena->wilderness = (struct run){ { 0 }, { plan.granules } };
    cut_at(arena, arena->wilderness.begin);
    return true;
}

struct heap_usage arena_usage(const struct arena *arena)
{
    return (struct heap_usage){
        .used_bytes = used_bytes(arena),
        .peak_bytes = arena->peak * GRANULE_SIZE,
        .used_blocks = used_blocks(arena),
        .allocations = arena->allocations,
        .resizes = arena->resizes,
    };
}

/* -- Sweep ----------------------------------------------------------------- */

static void unless_none_free(struct arena *arena, granule_t start)
{
    if (!is_none(start))
        mark_free(arena, start);
}

static void caches_empty(struct arena *arena)
{
    for (uint32_t i = 1; i <= arena->cache_count; i++) {
        unless_none_free(arena, arena->caches[i].newest);
        unless_none_free(arena, arena->caches[i].older);
    }
    caches_forget(arena);
}

/* Batch and last freed become runs like any other; the wilderness gets its
 * length into the maps. */
static void runs_note(struct arena *arena)
{
    note_length(arena, arena->last_freed.begin, arena->last_freed.end);
    note_length(arena, arena->wilderness.begin, arena->wilderness.end);
    arena->batch = arena->last_freed = NO_RUN;
}

/* The run that begins here, merged with all runs after it. */
static struct run merge_from(struct arena *arena, granule_t begin)
{
    struct run run = { begin, block_end(arena, begin) };

    while (!is_used(arena, run.end)) {
        granule_t next = block_end(arena, run.end);

        if (is_same(run.end, arena->wilderness.begin))
            arena->wilderness = run;
        join_at(arena, run.end);
        run.end = next;
    }
    note_length(arena, run.begin, run.end);
    return run;
}

void arena_sweep(struct arena *arena)
{
    const granule_t end = { arena->length.count };
    granule_t at = { 0 };

    arena->sweeps++;
    arena->seams = 0;
    caches_empty(arena);
    runs_note(arena);
    hints_forget(arena);
    while (at.number < end.number) {
        struct run run;

        if (is_used(arena, at)) {
            at = block_end(arena, at);
            continue;
        }
        run = merge_from(arena, at);
        if (is_same(run.begin, arena->wilderness.begin))
            arena->wilderness = run;
        else
            announce(arena, run);
        at = run.end;
    }
}

void arena_forget(struct arena *arena, struct run run)
{
    if (is_same(run.begin, arena->wilderness.begin))
        arena->wilderness = NO_RUN;
    else if (is_same(run.begin, arena->last_freed.begin))
        arena->last_freed = NO_RUN;
    else
        hint_drop(arena, run);
}

/* Why no used block of this arena starts at `address`.  Searches the block
 * around it, on the way to a message. */
enum heap_error arena_address_error(const struct arena *arena,
                                    uintptr_t address)
{
    granule_t start = { (address - arena->base) / GRANULE_SIZE };

    if (address < arena->base || start.number >= arena->length.count)
        return HEAP_FOREIGN;
    if (address % GRANULE_SIZE != 0)
        return HEAP_MISALIGNED;
    while (!is_start(arena, start))
        start.number--;
    /* What was freed may be inside a longer run by now. */
    return is_used(arena, start) ? HEAP_INTERIOR : HEAP_ALREADY_FREE;
}

/* -- The static heap ------------------------------------------------------- */

/* The last try before NULL: sweeps first. */
static void *armour_alloc_missed(size_t bytes, size_t alignment)
{
    return arena_alloc_swept(&armour_arena, bytes, alignment);
}

void *armour_alloc(size_t bytes, size_t alignment)
{
    void *payload = arena_alloc_aligned(&armour_arena, bytes, alignment);

    return payload ? payload : armour_alloc_missed(bytes, alignment);
}

void *armour_alloc_growing(size_t bytes)
{
    void *payload = arena_alloc_growing(&armour_arena, bytes);

    return payload ? payload : armour_alloc_missed(bytes, HEAP_ALIGNMENT);
}

enum heap_error armour_free(void *payload)
{
    return arena_free(&armour_arena, (uintptr_t)payload);
}

bool armour_resize(void *payload, size_t bytes)
{
    return arena_resize(&armour_arena, (uintptr_t)payload, bytes);
}

size_t armour_size(const void *payload)
{
    return arena_size(&armour_arena, (uintptr_t)payload);
}

bool armour_owns(const void *payload)
{
    uintptr_t address = (uintptr_t)payload;

    return address >= armour_arena.base && address < armour_arena.end;
}

bool armour_walk(block_visitor visit, void *context)
{
    return arena_walk(&armour_arena, visit, context);
}

struct heap_usage armour_usage(void)
{
    return arena_usage(&armour_arena);
}

const struct heap_backend armour_backend = {
    .name = "armour",
    .alloc = armour_alloc,
    .alloc_growing = armour_alloc_growing,
    .alloc_missed = armour_alloc_missed,
    .free = armour_free,
    .resize = armour_resize,
    .size = armour_size,
    .owns = armour_owns,
    .walk = armour_walk,
    .check = armour_check,
    .total = armour_usage,
    .calls = &armour_calls,
};
