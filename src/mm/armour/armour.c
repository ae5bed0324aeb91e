/* SPDX-License-Identifier: MIT */
/* malloc in armour: allocation and free.
 *
 *     alloc   size cache -> small: a run of just that length, or the batch,
 *             which is cut anew off a run -> large: the end of a run
 *     run     one that a hint leads to -> last freed -> wilderness -> NULL
 *     free    used in the maps? -> size cache -> last freed, if the block is
 *             next to its end -> merged with its neighbours: the new last freed
 *
 *     | small .... | batch | ... | wilderness    | large | large .. | large |
 *                                -->          <--
 *
 *     A1: no call reads a byte of a block, used or free.  So no write through
 *         a payload pointer changes any answer.
 *     A2: no call loops over blocks, except a sweep, which comes before a
 *         request fails, and the search for the name of an error.
 *     A3: the counters equal what a walk finds; a cached block is not in use.
 *     R1: no two runs touch; but what is left of a batch may touch one until
 *         they are merged or swept.
 *     R2: batch, last freed and wilderness are runs, or NO_RUN.
 *     Z1: a cached block is used in the maps, and of its cache's size.
 *
 * Functions that are not `inline` are compiled as such (scripts/toolchain.mk):
 * inlined, a rarer way would cost the common one registers.
 *
 * What this does badly: there are two hints a class, so a run may have none
 * until its neighbour is freed or a sweep finds it.  That costs about .01 of
 * the memory, and saves a list that must be kept right.
 */
#include "mm/armour/armour.h"

#include "lib/addr.h"
#include "mm/armour/armour_runs.h"
#include "mm/heap/heap_quick.h"

/* Blocks of up to 64 bytes are cut off a batch of up to 208. */
#define BATCH_BLOCK_MAX 8u
#define BATCH_LENGTH    26u
_Static_assert(BATCH_LENGTH <= WORD_BITS, "a batch has no map gap");

struct arena armour_arena;

/* -- Allocation ------------------------------------------------------------ */

/* The last freed run or the wilderness; NULL if both are too short. */
static inline struct run *run_apart_for(struct arena *arena, granules_t length)
{
    if (run_length(arena->last_freed).count >= length.count)
        return &arena->last_freed;
    if (run_length(arena->wilderness).count >= length.count)
        return &arena->wilderness;
    return NULL;
}

static inline granule_t cut_either(struct arena *arena, struct run *run,
                                   granules_t length, bool low)
{
    return low ? cut_low(arena, run, length) : cut_high(arena, run, length);
}

/* At the high end of a run, or at the low one for a block that will grow.  NULL
 * for no granules, and if all runs are too short. */
static inline void *alloc_large(struct arena *arena, granules_t length,
                                bool growing)
{
    struct run run, *apart;
    granule_t start;

    if (length.count - 1 >= arena->length.count)
        return NULL;
    run = run_find(arena, class_of(length), length);
    if (is_run(run)) {
        start = cut_either(arena, &run, length, growing);
        armour_keep(arena, run);
    } else {
        apart = run_apart_for(arena, length);
        if (!apart)
            return NULL;
        start = cut_either(arena, apart, length, growing);
    }
    note_length(arena, start, granule_after(start, length));
    return hand_out(arena, start, length);
}

/* A batch off the low or the high end of a run. */
static inline struct run batch_split(struct arena *arena, struct run *run,
                                     bool low)
{
    struct run batch = *run;
    granule_t middle = { low ? run->begin.number + BATCH_LENGTH
                             : run->end.number - BATCH_LENGTH };

    if (run_length(*run).count <= BATCH_LENGTH) {
        *run = NO_RUN;
        return batch;
    }
    cut_at(arena, middle);
    mark_free(arena, middle);
    if (low)
        batch.end = run->begin = middle;
    else
        batch.begin = run->end = middle;
    return batch;
}

/* A new batch for blocks of `length` granules, off a run that a hint leads to,
 * if `search`, or off another; false if there is none.  What is left of the old
 * one is a run as any other. */
static inline bool batch_renew(struct arena *arena, granules_t length,
                               bool search)
{
    class_t longer = { length.count + 1 };
    struct run run = search ? run_find(arena, longer, length) : NO_RUN;
    struct run *apart, batch;

    if (is_run(run)) {
        batch = batch_split(arena, &run, false);
        armour_keep(arena, run);
    } else {
        apart = run_apart_for(arena, length);
        if (!apart)
            return false;
        batch = batch_split(arena, apart, true);
    }
    if (is_run(arena->batch)) {
        announce(arena, arena->batch);
        arena->seams++;
    }
    arena->batch = batch;
    return true;
}

/* A block where the batch is too short, or a run of just that length may be. */
static inline void *alloc_small(struct arena *arena, granules_t length)
{
    class_t exact = { length.count };
    bool search = true;

    if (word_bit_test(arena->class_bits[0], length.count)) {
        struct run run = hint_follow(arena, hint_take(arena, exact), length);

        if (is_run(run)) {
            granule_t start = cut_high(arena, &run, length);

            armour_keep(arena, run);
            return hand_out(arena, start, length);
        }
        search = false; /* one hint is tried, no more */
    }
    if (run_length(arena->batch).count < length.count &&
        !batch_renew(arena, length, search))
        return NULL;
    return hand_out(arena, cut_low(arena, &arena->batch, length), length);
}

/* A block for which runs are searched. */
static inline void *alloc_searched(struct arena *arena, granules_t length)
{
    if (length.count - 1 >= BATCH_BLOCK_MAX)
        return alloc_large(arena, length, false);
    return alloc_small(arena, length);
}

/* A block out of its size cache, or the next one of the batch if there is no
 * better place for it.  False if there is none. */
static inline bool alloc_quick(struct arena *arena, granules_t length,
                               void **payload)
{
    granule_t start = cache_take(arena, length);

    if (is_none(start)) {
        if (length.count - 1 >= BATCH_BLOCK_MAX ||
            arena->batch.begin.number + length.count >=
                arena->batch.end.number ||
            word_bit_test(arena->class_bits[0], length.count))
            return false;
        start = cut_low(arena, &arena->batch, length);
    }
    *payload = hand_out(arena, start, length);
    return true;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    granules_t length = granules_for(bytes);
    void *payload;

    if (alloc_quick(arena, length, &payload))
        return payload;
    return alloc_searched(arena, length);
}

void *arena_alloc_growing(struct arena *arena, size_t bytes)
{
    granules_t length = granules_for(bytes);

    if (length.count <= CACHES_MAX)
        return arena_alloc(arena, bytes);
    return alloc_large(arena, length, true);
}

/* -- Free ------------------------------------------------------------------ */

/* Joins the used block at `begin`, which becomes free, to the run before it, if
 * there is one; where the result begins. */
static inline granule_t join_before(struct arena *arena, granule_t begin)
{
    /* LAB 7 BEGIN: return begin; */
    granule_t before;

    if (is_same(begin, arena->last_freed.end)) {
        before = arena->last_freed.begin;
        arena->last_freed = NO_RUN;
    } else if (is_same(begin, arena->wilderness.end)) {
        before = arena->wilderness.begin;
    } else {
        before = armour_block_previous(arena, begin);
        if (is_used(arena, before) || is_same(before, arena->batch.begin)) {
            mark_free(arena, begin);
            return begin;
        }
    }
    join_at(arena, begin);
    return before;
    /* LAB 7 END */
}

/* Joins the run that begins at `end`, if there is one, to the block before it;
 * where the result ends. */
static inline granule_t join_after(struct arena *arena, granule_t end)
{
    /* LAB 7 BEGIN: return end; */
    struct run after = { end, end };

    if (is_used(arena, end) || is_same(end, arena->batch.begin))
        return end;
    if (is_same(end, arena->last_freed.begin)) {
        after.end = arena->last_freed.end;
        arena->last_freed = NO_RUN;
    } else if (is_same(end, arena->wilderness.begin)) {
        after.end = arena->wilderness.end;
    } else {
        after.end = block_end(arena, end);
        hint_drop(arena, after);
    }
    join_at(arena, end);
    return after.end;
    /* LAB 7 END */
}

/* The used block [begin, end) becomes a run: merged with the runs beside it,
 * except the batch.  It is the wilderness, if it contains that; else it is the
 * last freed run, and the one before is announced. */
static inline void armour_release(struct arena *arena, granule_t begin,
                                  granule_t end)
{
    /* LAB 7 BEGIN */
    begin = join_before(arena, begin);
    end = join_after(arena, end);
    if (is_same(begin, arena->wilderness.begin) ||
        is_same(end, arena->wilderness.end)) {
        arena->wilderness = (struct run){ begin, end };
    } else {
        armour_keep(arena, arena->last_freed);
        arena->last_freed = (struct run){ begin, end };
    }
    /* LAB 7 END */
}

void arena_release(struct arena *arena, granule_t begin, granule_t end)
{
    armour_release(arena, begin, end);
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

/* A block that its cache has no place for. */
static enum heap_error free_uncached(struct arena *arena, granule_t begin,
                                     granules_t length)
{
    granule_t end;

    length = full_length(arena, begin, length);
    end = granule_after(begin, length);
    count_free(arena, length);
    if (is_same(begin, arena->last_freed.end) && is_used(arena, end)) {
        join_at(arena, begin);
        arena->last_freed.end = end;
    } else {
        armour_release(arena, begin, end);
    }
    return HEAP_OK;
}

/* A block in use; `length` is that of is_block(). */
static inline enum heap_error block_free(struct arena *arena, granule_t begin,
                                         granules_t length)
{
    if (!cache_put(arena, begin, length))
        return free_uncached(arena, begin, length);
    count_free(arena, length);
    return HEAP_OK;
}

enum heap_error arena_free(struct arena *arena, uintptr_t address)
{
    granule_t begin = armour_granule_at(arena, address);
    granules_t length;

    if (!is_in_use(arena, begin, &length))
        return arena_address_error(arena, address);
    return block_free(arena, begin, length);
}

/* -- kmalloc and kfree of the static heap ---------------------------------- */

/* The rest of armour_kmalloc(), and what is done if there is no block. */
static void *kmalloc_searched(size_t bytes, granules_t length)
{
    void *payload = alloc_searched(&armour_arena, length);

    return payload ? payload : heap_quick_missed(bytes);
}

static void *armour_kmalloc(size_t bytes)
{
    granules_t length = granules_for(bytes);
    void *payload;

    if (alloc_quick(&armour_arena, length, &payload))
        return payload;
    return kmalloc_searched(bytes, length);
}

/* plain_kfree() names the mistakes. */
static enum heap_error armour_kfree(void *payload)
{
    granule_t begin = armour_granule_at(&armour_arena, (uintptr_t)payload);
    granules_t length;

    if (!is_in_use(&armour_arena, begin, &length))
        return plain_kfree(payload);
    return block_free(&armour_arena, begin, length);
}

const struct heap_calls armour_calls = {
    armour_kmalloc,
    armour_kfree,
    armour_krealloc,
};

/* STAGE_OK, also if the region is too small for the bookkeeping. */
enum stage_state armour_init(uintptr_t begin, uintptr_t end)
{
    /* LAB 7 BEGIN: return STAGE_NOT_WRITTEN; */
    arena_init(&armour_arena, begin, end);
    return STAGE_OK;
    /* LAB 7 END */
}
