/* SPDX-License-Identifier: MIT */
/* Runs: hints that lead to them, how blocks are cut off them; size caches.
 *
 *     class 5   [ 120 | 377  ]   the two lowest granules where a run of 5 was
 *     class 6   [ 512 | none ]   announced
 *     class 7   [ none| none ]
 *
 * A hint is set when a run is kept.  It is forgotten when it is tried, or when
 * the run is merged with the block before it.  In between the run may be taken,
 * merged or made longer, and the hint stays: it is stale.  A stale hint costs
 * one try.
 *
 *     H1: a hint is NO_GRANULE or a granule of the arena.  It may be stale.
 *     H2: of a pair, lowest < next, or next is NO_GRANULE.
 *     H3: a class has its bit in class_bits if it has a hint; the one after
 *         the last class has one always, so that a search ends there.
 */
#ifndef MM_ARMOUR_ARMOUR_RUNS_H
#define MM_ARMOUR_ARMOUR_RUNS_H

#include "mm/armour/armour_maps.h"

/* -- Classes --------------------------------------------------------------- */

/* The class of the runs of `length`.  With p the highest bit of one that is
 * long, length >> (p - 2) is 4..7 and says where in its doubling it is. */
static inline class_t class_of(granules_t length)
{
    uint32_t count = length.count, power;

    if (count < EXACT_LENGTHS)
        return (class_t){ count };
    if (count < 64)
        return (class_t){ 16 + count / 2 };
    if (count < 128)
        return (class_t){ 32 + count / 4 };
    power = highest_bit(count);
    return (class_t){ 32 + power * 4 + (count >> (power - 2)) };
}

/* -- Hints ----------------------------------------------------------------- */

/* Remembers that `run` is one, if it is among the two lowest of its class. */
static inline void announce(struct arena *arena, struct run run)
{
    /* LAB 7 BEGIN */
    class_t class_of_run = class_of(run_length(run));
    struct hints *hints = &arena->hints[class_of_run.number];

    if (run.begin.number > hints->lowest.number) {
        if (run.begin.number < hints->next.number)
            hints->next = run.begin;
    } else if (run.begin.number < hints->lowest.number) {
        hints->next = hints->lowest;
        hints->lowest = run.begin;
        bit_set(arena->class_bits, class_of_run.number);
    }
    /* LAB 7 END */
}

/* Takes the lower hint of a class, which has one. */
static inline granule_t hint_take(struct arena *arena, class_t from)
{
    /* LAB 7 BEGIN: return NO_GRANULE; */
    struct hints *hints = &arena->hints[from.number];
    granule_t hint = hints->lowest;

    hints->lowest = hints->next;
    hints->next = NO_GRANULE;
    if (is_same(hints->lowest, NO_GRANULE))
        bit_clear(arena->class_bits, from.number);
    return hint;
    /* LAB 7 END */
}

/* `run` is about to end: its hint, if there is one, would be stale. */
static inline void hint_drop(struct arena *arena, struct run run)
{
    /* LAB 7 BEGIN */
    class_t class_of_run = class_of(run_length(run));
    struct hints *hints = &arena->hints[class_of_run.number];

    if (is_same(hints->lowest, run.begin))
        hint_take(arena, class_of_run);
    else if (is_same(hints->next, run.begin))
        hints->next = NO_GRANULE;
    /* LAB 7 END */
}

/* The run of at least `least` granules that a hint leads to; NO_RUN if the hint
 * is stale.  It may be any number that is a granule: the maps decide. */
static inline struct run hint_follow(const struct arena *arena, granule_t hint,
                                     granules_t least)
{
    /* LAB 7 BEGIN: return NO_RUN; */
    struct run run = { hint, hint };

    if (!is_start(arena, hint) || is_used(arena, hint) ||
        is_same(hint, arena->batch.begin) ||
        is_same(hint, arena->last_freed.begin) ||
        is_same(hint, arena->wilderness.begin))
        return NO_RUN;
    run.end = block_end(arena, hint);
    return run_length(run).count >= least.count ? run : NO_RUN;
    /* LAB 7 END */
}

/* The first class from `from` on that has a hint; the one after the last, which
 * always has its bit, if there is none. */
static inline class_t class_search(const struct arena *arena, class_t from)
{
    uint32_t word = from.number / WORD_BITS;
    uint32_t bits = arena->class_bits[word] & ~0u << from.number % WORD_BITS;

    while (!bits)
        bits = arena->class_bits[++word];
    return (class_t){ word * WORD_BITS + lowest_bit(bits) };
}

/* A run of at least `least` granules out of the lowest class from `from` on:
 * no hint leads to it any more.  One hint is tried, so that each allocation
 * takes a bounded time. */
static inline struct run run_find(struct arena *arena, class_t from,
                                  granules_t least)
{
    from = class_search(arena, from);
    if (from.number >= arena->class_count)
        return NO_RUN;
    return hint_follow(arena, hint_take(arena, from), least);
}

/* -- Cutting --------------------------------------------------------------- */

/* Takes `length` granules off the low end of a run, which is at least so long:
 * they are a used block.  The caller writes the lengths of both. */
static inline granule_t cut_low(struct arena *arena, struct run *run,
                                granules_t length)
{
    /* LAB 7 BEGIN: return run->begin; */
    granule_t start = run->begin, rest = granule_after(start, length);
    bool all = is_same(rest, run->end);

    mark_used(arena, start);
    if (all) {
        *run = NO_RUN;
    } else {
        cut_at(arena, rest);
        mark_free(arena, rest);
        run->begin = rest;
    }
    return start;
    /* LAB 7 END */
}

/* The same at the high end. */
static inline granule_t cut_high(struct arena *arena, struct run *run,
                                 granules_t length)
{
    /* LAB 7 BEGIN: return run->begin; */
    granule_t start = granule_before(run->end, length);

    mark_used(arena, start);
    if (is_same(run->begin, start)) {
        *run = NO_RUN;
    } else {
        cut_at(arena, start);
        run->end = start;
    }
    return start;
    /* LAB 7 END */
}

/* Makes `run` an ordinary run, if it is one: the maps have its length, and a
 * hint leads to it. */
static inline void armour_keep(struct arena *arena, struct run run)
{
    if (is_none(run.begin))
        return;
    note_length(arena, run.begin, run.end);
    announce(arena, run);
}

/* -- Counting -------------------------------------------------------------- */

/* Counts `length` granules more as in use. */
static inline void count_used(struct arena *arena, granules_t length)
{
    if (arena->below_peak < length.count) {
        arena->peak += length.count - arena->below_peak;
        arena->below_peak = length.count;
    }
    arena->below_peak -= length.count;
}

/* Counts a block that becomes in use, and returns its address. */
static inline void *hand_out(struct arena *arena, granule_t start,
                             granules_t length)
{
    arena->allocations++;
    count_used(arena, length);
    return (void *)address_of(arena, start);
}

/* Counts a block that is no longer in use. */
static inline void count_free(struct arena *arena, granules_t length)
{
    arena->frees++;
    arena->below_peak += length.count;
}

/* -- Size caches ----------------------------------------------------------- */

/* The newest block in the cache of a length; NO_GRANULE if there is none. */
static inline granule_t cache_take(struct arena *arena, granules_t length)
{
    struct size_cache *cache;
    granule_t start;

    if (length.count >= WORD_BITS)
        return NO_GRANULE;
    cache = &arena->caches[length.count];
    start = cache->newest;
    if (!is_none(start)) {
        cache->newest = cache->older;
        cache->older = NO_GRANULE;
    }
    return start;
}

/* Puts a used block into the cache of its length, which is WORD_BITS for all
 * that are long.  False if there is no place. */
static inline bool cache_put(struct arena *arena, granule_t start,
                             granules_t length)
{
    struct size_cache *cache = &arena->caches[length.count];

    if (!is_none(cache->older))
        return false;
    cache->older = cache->newest;
    cache->newest = start;
    return true;
}

/* Whether a block in use starts at `start`, which may be any number: a used
 * block that is not in a cache.  *length is as is_block() gives it. */
static inline bool is_in_use(const struct arena *arena, granule_t start,
                             granules_t *length)
{
    const struct size_cache *cache;

    if (!is_block(arena, start, length))
        return false;
    cache = &arena->caches[length->count];
    /* cache_put() asks is_none(), too: the compiler asks once for both. */
    return !is_same(cache->newest, start) &&
           (is_none(cache->older) || !is_same(cache->older, start));
}

#endif
