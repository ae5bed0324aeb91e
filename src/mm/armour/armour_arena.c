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
    for (uint32_t i = 0; i <= CACHES_MAX; i++)
        arena->caches[i] = (struct size_cache){ NO_GRANULE, NO_GRANULE };
}

void arena_init_tables(struct arena *arena)
{
    const granule_t below = { (uint32_t)-1 };

    hints_forget(arena);
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

    if (length.count < arena->length.count)
        hints_limit(arena, after);
    arena->length = length;
    arena->end = address_of(arena, after);
    cut_at(arena, after);
    mark_used(arena, after);
}

/* What waits in caches is kept from other sizes: a small region has fewer. */
static uint32_t caches_for(size_t bytes)
{
    size_t count = bytes / BYTES_PER_CACHE;

    return count < CACHES_MAX ? (uint32_t)count : CACHES_MAX;
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
    arena->longest_cached = caches_for(end - begin);
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
        .peak_bytes = arena->peak_bytes,
        .used_blocks = arena->used_blocks,
    };
}

/* -- Sweep ----------------------------------------------------------------- */

static void caches_empty(struct arena *arena)
{
    for (uint32_t i = 0; i <= CACHES_MAX; i++) {
        struct size_cache *cache = &arena->caches[i];

        if (!is_none(cache->newest))
            mark_free(arena, cache->newest);
        if (!is_none(cache->older))
            mark_free(arena, cache->older);
        *cache = (struct size_cache){ NO_GRANULE, NO_GRANULE };
    }
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

/* -- Alignment ------------------------------------------------------------- */

/* Where in `run` a block of `length` granules at a multiple of `alignment`
 * begins; NO_GRANULE if it does not fit. */
static granule_t aligned_in(const struct arena *arena, struct run run,
                            granules_t length, size_t alignment)
{
    uintptr_t address = address_of(arena, run.begin);
    uintptr_t padding = -address & (alignment - 1);
    granules_t least = { padding / GRANULE_SIZE + length.count };

    if (!is_run(run) || run_length(run).count < least.count)
        return NO_GRANULE;
    return armour_granule_at(arena, address + padding);
}

/* Cuts a block out of the used block `all`, and releases what is around it. */
static void *cut_out(struct arena *arena, struct run all, granule_t start,
                     granules_t length)
{
    granule_t end = granule_after(start, length);

    if (!is_same(start, all.begin)) {
        cut_at(arena, start);
        mark_used(arena, start);
    }
    if (!is_same(end, all.end)) {
        cut_at(arena, end);
        mark_used(arena, end);
    }
    note_length(arena, start, end);
    if (!is_same(start, all.begin))
        arena_release(arena, all.begin, start);
    if (!is_same(end, all.end))
        arena_release(arena, end, all.end);
    return (void *)address_of(arena, start);
}

/* Takes a block so long that an aligned one is in it wherever it starts. */
void *arena_alloc_aligned(struct arena *arena, size_t bytes, size_t alignment)
{
    size_t slack = alignment - GRANULE_SIZE;
    struct heap_usage before = arena_usage(arena);
    granules_t length = granules_for(bytes);
    struct run all;
    void *payload;

    if (slack == 0)
        return arena_alloc(arena, bytes);
    if (slack >= granule_bytes(arena->length)) /* or the sum might overflow */
        return NULL;
    payload = arena_alloc(arena, granule_bytes(length) + slack);
    if (!payload)
        return NULL;
    all.begin = armour_granule_at(arena, (uintptr_t)payload);
    all.end = block_end(arena, all.begin);
    arena->peak_bytes = before.peak_bytes;
    arena->below_peak = (int32_t)(before.peak_bytes - before.used_bytes);
    count_bytes(arena, (int32_t)granule_bytes(length));
    return cut_out(arena, all, aligned_in(arena, all, length, alignment),
                   length);
}

/* The shortest run with room for an aligned block; NO_RUN if there is none.
 * All runs have their lengths in the maps: to be called after a sweep. */
static struct run tightest(const struct arena *arena, granules_t length,
                           size_t alignment)
{
    struct run best = NO_RUN, run = { { 0 }, { 0 } };

    for (; run.begin.number < arena->length.count; run.begin = run.end) {
        run.end = block_end(arena, run.begin);
        if (!is_used(arena, run.begin) &&
            !is_same(aligned_in(arena, run, length, alignment), NO_GRANULE) &&
            (!is_run(best) || run_length(run).count < run_length(best).count))
            best = run;
    }
    return best;
}

void *arena_alloc_swept(struct arena *arena, size_t bytes, size_t alignment)
{
    granules_t length = granules_for(bytes);
    struct run run;

    if (length.count > arena->length.count)
        return NULL;
    arena_sweep(arena);
    run = tightest(arena, length, alignment);
    if (!is_run(run))
        return NULL;
    arena_forget(arena, run);
    mark_used(arena, run.begin);
    arena->used_blocks++;
    count_bytes(arena, (int32_t)granule_bytes(length));
    return cut_out(arena, run, aligned_in(arena, run, length, alignment),
                   length);
}

/* -- Resize and size ------------------------------------------------------- */

/* The length of the block in use that starts at `start`; 0 if there is none. */
static inline granules_t used_length(const struct arena *arena, granule_t start)
{
    granules_t length = { 0 }, none = { 0 };

    if (!is_block(arena, start, &length) || is_cached(arena, start, length))
        return none;
    return full_length(arena, start, length);
}

/* Moves the end of a used block up, if the next block is a run that is long
 * enough. */
static bool block_grow(struct arena *arena, granule_t start, granule_t end,
                       granule_t new_end)
{
    struct run next = { end, end }, *run = &next;

    if (is_used(arena, end))
        return false;
    if (is_same(end, arena->wilderness.begin))
        run = &arena->wilderness;
    else if (is_same(end, arena->last_freed.begin))
        run = &arena->last_freed;
    else if (is_same(end, arena->batch.begin))
        run = &arena->batch;
    else
        next.end = block_end(arena, end);
    if (new_end.number > run->end.number)
        return false;
    if (run == &next)
        hint_drop(arena, next);
    cut_low(arena, run, granules_between(end, new_end));
    join_at(arena, end);
    note_length(arena, start, new_end);
    if (run == &next)
        armour_keep(arena, next);
    count_bytes(arena, (int32_t)granule_bytes(granules_between(end, new_end)));
    return true;
}

/* Cuts a used block off at `new_end`, and releases the rest. */
static void armour_block_trim(struct arena *arena, granule_t start,
                              granule_t end, granule_t new_end)
{
    cut_at(arena, new_end);
    mark_used(arena, new_end);
    note_length(arena, start, new_end);
    count_bytes(arena, -(int32_t)granule_bytes(granules_between(new_end, end)));
    arena_release(arena, new_end, end);
}

bool arena_resize(struct arena *arena, uintptr_t address, size_t bytes)
{
    granule_t start = armour_granule_at(arena, address);
    granules_t length = used_length(arena, start);
    granule_t end = granule_after(start, length);
    granule_t new_end = granule_after(start, granules_for(bytes));

    if (length.count == 0)
        return false;
    if (new_end.number > end.number)
        return block_grow(arena, start, end, new_end);
    if (new_end.number < end.number)
        armour_block_trim(arena, start, end, new_end);
    return true;
}

size_t arena_size(const struct arena *arena, uintptr_t address)
{
    return granule_bytes(used_length(arena, armour_granule_at(arena, address)));
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
