/* SPDX-License-Identifier: MIT */
/* Blocks of another length, and at another place: resizing and alignment.
 *
 *     grow     | block | run ....... |   -->   | block ...... | run |
 *     trim     | block ...... | used |   -->   | block | run  | used |
 *     aligned  | used ............... |  -->   | run | block | run  |
 */
#include "mm/armour/armour.h"

#include "lib/addr.h"
#include "lib/panic.h"
#include "mm/armour/armour_runs.h"
#include "mm/heap/heap_quick.h"

/* -- Resize and size ------------------------------------------------------- */

/* The length of the block in use that starts at `start`; 0 if there is none. */
static inline granules_t used_length(const struct arena *arena, granule_t start)
{
    granules_t length = { 0 }, none = { 0 };

    if (!is_block(arena, start, &length) || is_cached(arena, start, length))
        return none;
    return full_length(arena, start, length);
}

/* The one of the three runs apart that begins at `begin`; NULL if none does. */
static inline struct run *run_apart(struct arena *arena, granule_t begin)
{
    if (is_same(begin, arena->wilderness.begin))
        return &arena->wilderness;
    if (is_same(begin, arena->last_freed.begin))
        return &arena->last_freed;
    return is_same(begin, arena->batch.begin) ? &arena->batch : NULL;
}

/* Takes `more` granules off the run that begins at `end`; false, and nothing
 * changed, if there is none that is long enough. */
static inline bool run_yield(struct arena *arena, granule_t end,
                             granules_t more)
{
    struct run *apart, next = { end, end };

    if (is_used(arena, end))
        return false;
    apart = run_apart(arena, end);
    if (apart) {
        if (run_length(*apart).count < more.count)
            return false;
        cut_low(arena, apart, more);
        return true;
    }
    next.end = block_end(arena, end);
    if (run_length(next).count < more.count)
        return false;
    hint_drop(arena, next);
    cut_low(arena, &next, more);
    armour_keep(arena, next);
    return true;
}

/* The used block [start, end) gets `more` granules, if there is room. */
static inline bool block_grow(struct arena *arena, granule_t start,
                              granule_t end, granules_t more)
{
    if (!run_yield(arena, end, more))
        return false;
    join_at(arena, end);
    note_length(arena, start, granule_after(end, more));
    count_used(arena, more);
    return true;
}

/* Cuts a used block off at `new_end`, and releases the rest. */
static inline void armour_block_trim(struct arena *arena, granule_t start,
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
    granule_t start = armour_granule_at(arena, address);
    granules_t length = used_length(arena, start);
    granule_t end = granule_after(start, length);
    granules_t wanted = granules_for(bytes);

    if (length.count == 0)
        return false;
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

size_t arena_size(const struct arena *arena, uintptr_t address)
{
    return granule_bytes(used_length(arena, armour_granule_at(arena, address)));
}

/* krealloc(): in place, or else by plain_krealloc(). */
void *armour_krealloc(void *payload, size_t bytes)
{
    if (!heap_quick_takes(bytes) ||
        !block_resize(&armour_arena, (uintptr_t)payload, bytes))
        return plain_krealloc(payload, bytes);
    armour_arena.resizes++;
    return payload;
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

    ASSERT(is_power_of_two(alignment) && alignment >= GRANULE_SIZE);
    if (length.count > arena->length.count)
        return NULL;
    arena_sweep(arena);
    run = tightest(arena, length, alignment);
    if (!is_run(run))
        return NULL;
    arena_forget(arena, run);
    mark_used(arena, run.begin);
    hand_out(arena, run.begin, length);
    return cut_out(arena, run, aligned_in(arena, run, length, alignment),
                   length);
}
