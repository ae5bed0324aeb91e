/* SPDX-License-Identifier: MIT */
/* An arena's rarer ways, and the static heap. */
#include "mm/armour/armour.h"

#include "lib/addr.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "mm/armour/armour_runs.h"
#include "mm/heap/heap_quick.h"

/* -- Laying out ------------------------------------------------------------ */

/* No hint, and nothing in a size cache. */
static void tables_clear(struct arena *arena)
{
    for (uint32_t i = 0; i < arena->class_count; i++)
        arena->hints[i] = (struct hints){ NO_GRANULE, NO_GRANULE };
    memset(arena->class_bits, 0, sizeof arena->class_bits);
    /* Any search ends: here, or at the last bit that there is. */
    bit_set(arena->class_bits, arena->class_count);
    bit_set(arena->class_bits, CLASS_WORDS * WORD_BITS - 1);
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
    tables_clear(arena);
}

void arena_init_tables(struct arena *arena)
{
    const granule_t below = { (uint32_t)-1 };

    tables_clear(arena);
    cut_at(arena, below);
    mark_used(arena, below);
}

void arena_set_length(struct arena *arena, granules_t length)
{
    const granule_t after = { length.count };

    ASSERT_BELOW(length.count, 1u << 29);
    arena->length = length;
    arena->end = address_of(arena, after);
    cut_at(arena, after);
    mark_used(arena, after);
}

/* With c classes, n granules take
 *
 *     c     +  2 + n / 32  +  1 + n    times 8 bytes.
 *     hints    two maps       granules -1, 0, ..., n - 1
 *
 * Each map has a word before granule 0, and a bit after granule n - 1.  Of
 * `room` granules for the rest, n are left if each 32 of them cost one. */
bool arena_init(struct arena *arena, uintptr_t begin, uintptr_t end)
{
    uint32_t all, classes, room, granules, caches;

    begin = align_up(begin, GRANULE_SIZE);
    end = align_down(end, GRANULE_SIZE);
    all = end > begin ? (uint32_t)(end - begin) / GRANULE_SIZE : 0;
    arena_init_empty(arena, begin + all * GRANULE_SIZE);
    arena->begin = begin;
    classes = class_of((granules_t){ all - all / 33 }).number + 1;
    if (all <= classes + 3)
        return false;
    room = all - classes - 3;
    granules = room - (room + 1) / 33;
    arena->base = end - granules * GRANULE_SIZE;
    memset((void *)begin, 0, arena->base - begin);
    arena->class_count = classes;
    arena->hints = (struct hints *)begin;
    arena->starts = (uint32_t *)(arena->hints + classes) + 1;
    arena->used = arena->starts + granules / WORD_BITS + 2;
    /* Other sizes cannot use what is in a cache: a small region has fewer. */
    caches = (uint32_t)(end - begin) / BYTES_PER_CACHE;
    arena->cache_count = caches < CACHES_MAX ? caches : CACHES_MAX;
    arena_init_tables(arena);
    arena_set_length(arena, (granules_t){ granules });
    arena->wilderness = (struct run){ { 0 }, { granules } };
    cut_at(arena, arena->wilderness.begin);
    return true;
}

/* -- Resizing --------------------------------------------------------------
 *
 *     grow     | block | run ....... |   -->   | block ...... | run |
 *     trim     | block ...... | used |   -->   | block | run  | used |
 */

/* Which of the three runs apart begins at `begin`; NULL if none does. */
static inline struct run *run_apart(struct arena *arena, granule_t begin)
{
    if (is_same(begin, arena->wilderness.begin))
        return &arena->wilderness;
    if (is_same(begin, arena->last_freed.begin))
        return &arena->last_freed;
    return is_same(begin, arena->batch.begin) ? &arena->batch : NULL;
}

/* The used block [start, end) gets `more` granules of the run after it; false,
 * and nothing changed, if that is too short. */
static bool block_grow(struct arena *arena, granule_t start, granule_t end,
                       granules_t more)
{
    struct run next = { end, end }, *apart;

    if (is_used(arena, end))
        return false;
    apart = run_apart(arena, end);
    if (apart) {
        if (run_length(*apart).count < more.count)
            return false;
        cut_low(arena, apart, more);
    } else {
        next.end = block_end(arena, end);
        if (run_length(next).count < more.count)
            return false;
        hint_drop(arena, next);
        cut_low(arena, &next, more);
        armour_keep(arena, next);
    }
    join_at(arena, end);
    note_length(arena, start, granule_after(end, more));
    count_used(arena, more);
    return true;
}

/* Cuts a used block off at `new_end`, and releases the rest. */
static void armour_block_trim(struct arena *arena, granule_t start,
                              granule_t end, granule_t new_end)
{
    cut_at(arena, new_end);
    mark_used(arena, new_end);
    note_length(arena, start, new_end);
    arena->below_peak += granules_between(new_end, end).count;
    arena_release(arena, new_end, end);
}

static inline bool block_resize(struct arena *arena, uintptr_t address,
                                size_t bytes)
{
    granule_t start = armour_granule_at(arena, address), end;
    granules_t length, wanted = granules_for(bytes);

    if (!is_in_use(arena, start, &length))
        return false;
    length = full_length(arena, start, length);
    end = granule_after(start, length);
    if (wanted.count > length.count)
        return block_grow(arena, start, end,
                          (granules_t){ wanted.count - length.count });
    if (wanted.count < length.count)
        armour_block_trim(arena, start, end, granule_after(start, wanted));
    return true;
}

bool arena_resize(struct arena *arena, uintptr_t address, size_t bytes)
{
    return block_resize(arena, address, bytes);
}

/* -- Alignment --------------------------------------------------------------
 *
 *     aligned  | used ............... |  -->   | run | block | run  |
 */

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

/* Cuts an aligned block, for which there is room, out of the used block `all`,
 * and releases what is around it. */
static void *cut_out(struct arena *arena, struct run all, granules_t length,
                     size_t alignment)
{
    granule_t start = aligned_in(arena, all, length, alignment);
    granule_t end = granule_after(start, length);

    cut_at(arena, start);
    mark_used(arena, start);
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
    uint32_t peak = arena->peak, below_peak = arena->below_peak;
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
    arena->peak = peak;
    arena->below_peak = below_peak;
    count_used(arena, length);
    return cut_out(arena, all, length, alignment);
}

/* -- Sweep ----------------------------------------------------------------- */

/* All free blocks are in the maps then, as free and with their lengths. */
static void free_blocks_note(struct arena *arena)
{
    for (uint32_t i = 1; i <= arena->cache_count; i++) {
        if (!is_none(arena->caches[i].newest))
            mark_free(arena, arena->caches[i].newest);
        if (!is_none(arena->caches[i].older))
            mark_free(arena, arena->caches[i].older);
    }
    note_length(arena, arena->last_freed.begin, arena->last_freed.end);
    note_length(arena, arena->wilderness.begin, arena->wilderness.end);
    arena->batch = arena->last_freed = NO_RUN;
    tables_clear(arena);
}

/* `run`, merged with all runs after it. */
static struct run merge_from(struct arena *arena, struct run run)
{
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

/* Sweeps.  The shortest run with room for an aligned block; NO_RUN if there is
 * none. */
static struct run sweep_for(struct arena *arena, granules_t length,
                            size_t alignment)
{
    struct run best = NO_RUN, run = { { 0 }, { 0 } };

    arena->sweeps++;
    arena->seams = 0;
    free_blocks_note(arena);
    for (; run.begin.number < arena->length.count; run.begin = run.end) {
        run.end = block_end(arena, run.begin);
        if (is_used(arena, run.begin))
            continue;
        run = merge_from(arena, run);
        if (is_same(run.begin, arena->wilderness.begin))
            arena->wilderness = run;
        else
            announce(arena, run);
        if (!is_none(aligned_in(arena, run, length, alignment)) &&
            (!is_run(best) || run_length(run).count < run_length(best).count))
            best = run;
    }
    return best;
}

void arena_sweep(struct arena *arena)
{
    sweep_for(arena, arena->length, GRANULE_SIZE);
}

void *arena_alloc_swept(struct arena *arena, size_t bytes, size_t alignment)
{
    granules_t length = granules_for(bytes);
    struct run run;

    ASSERT(is_power_of_two(alignment) && alignment >= GRANULE_SIZE);
    if (length.count - 1 >= arena->length.count)
        return NULL;
    run = sweep_for(arena, length, alignment);
    if (!is_run(run))
        return NULL;
    arena_forget(arena, run);
    mark_used(arena, run.begin);
    hand_out(arena, run.begin, length);
    return cut_out(arena, run, length, alignment);
}

/* -- The static heap ------------------------------------------------------- */

void *armour_krealloc(void *payload, size_t bytes)
{
    if (!heap_quick_takes(bytes) ||
        !block_resize(&armour_arena, (uintptr_t)payload, bytes))
        return plain_krealloc(payload, bytes);
    armour_arena.resizes++;
    return payload;
}

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
