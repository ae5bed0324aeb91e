/* SPDX-License-Identifier: MIT */
/* malloc in armour: allocation and free.
 *
 * The list malloc keeps its bookkeeping before each payload, within reach of
 * every overflow, and its search may pass every free block.  Here all that the
 * allocator reads is in the arena's bookkeeping (armour.h), and no call
 * loops over blocks.
 *
 *     alloc   size cache -> a run of just that length, if a hint leads to one
 *             -> small: batch; if that is used up, a new batch off a run
 *             -> large: the end of a run
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
 *     H1: a hint is NO_GRANULE or a granule of the arena.  It may be stale.
 *     H2: of a pair of hints, lowest < next, or next is NO_GRANULE.
 *     H3: a class has its bit if it has a hint.
 *     R1: no two runs touch; but what is left of a batch may touch one until
 *         they are merged or swept.
 *     R2: batch, last freed and wilderness are runs, or NO_RUN.
 *     Z1: a cached block is used in the maps, and of its cache's size.
 *
 * Functions that are not `inline` are compiled as such (scripts/toolchain.mk):
 * inlined, a rarer way would cost the common one registers.
 *
 * What this does badly: hints are two a class, so runs are forgotten until a
 * neighbour is freed or a sweep finds them.  That costs about .01 of the
 * memory, and buys that there is no list to keep right.
 */
#include "mm/armour/armour.h"

#include "lib/addr.h"
#include "mm/armour/armour_runs.h"
#include "mm/heap/heap_quick.h"

/* Blocks of up to 64 bytes are cut off a batch of up to 256. */
#define BATCH_BLOCK_MAX 8u
#define BATCH_LENGTH    32u
_Static_assert(BATCH_LENGTH <= WORD_BITS, "a batch has no map gap");

struct arena armour_arena;

/* -- Allocation ------------------------------------------------------------ */

/* A new batch for blocks of `length` granules; false if there is no run.  What
 * is left of the old one is a run as any other. */
static bool batch_renew(struct arena *arena, granules_t length)
{
    class_t longer = { length.count + 1 };
    struct run found, *run = run_for(arena, longer, length, &found);
    granules_t cut = { BATCH_LENGTH };

    if (!run)
        return false;
    if (!is_none(arena->batch.begin)) {
        announce(arena, arena->batch);
        arena->seams++;
    }
    if (run_length(*run).count < cut.count)
        cut = run_length(*run);
    arena->batch.begin =
        run == &found ? cut_high(arena, run, cut) : cut_low(arena, run, cut);
    arena->batch.end = granule_after(arena->batch.begin, cut);
    mark_free(arena, arena->batch.begin);
    if (run == &found)
        armour_keep(arena, found);
    return true;
}

/* A block where the batch is too short, or a run of just that length may be. */
static void *alloc_small(struct arena *arena, granules_t length)
{
    class_t exact = { length.count };

    if (word_bit_test(arena->class_bits[0], length.count)) {
        struct run run = hint_follow(arena, hint_take(arena, exact), length);

        if (is_run(run)) {
            granule_t start = cut_high(arena, &run, length);

            armour_keep(arena, run);
            return hand_out(arena, start, length);
        }
    }
    if (run_length(arena->batch).count < length.count &&
        !batch_renew(arena, length))
        return NULL;
    return hand_out(arena, cut_low(arena, &arena->batch, length), length);
}

static void *alloc_large(struct arena *arena, granules_t length, bool growing)
{
    struct run found, *run = run_for(arena, class_of(length), length, &found);
    granule_t start;

    if (!run || length.count == 0)
        return NULL;
    start =
        growing ? cut_low(arena, run, length) : cut_high(arena, run, length);
    note_length(arena, start, granule_after(start, length));
    if (run == &found)
        armour_keep(arena, found);
    return hand_out(arena, start, length);
}

/* There is no cached block.  NULL for no granules. */
static inline void *alloc_uncached(struct arena *arena, granules_t length)
{
    granule_t begin = arena->batch.begin, rest = granule_after(begin, length);

    if (length.count - 1 >= BATCH_BLOCK_MAX)
        return alloc_large(arena, length, false);
    if (rest.number >= arena->batch.end.number ||
        word_bit_test(arena->class_bits[0], length.count))
        return alloc_small(arena, length);
    return hand_out(arena, cut_low(arena, &arena->batch, length), length);
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    granules_t length = granules_for(bytes);
    granule_t start = cache_take(arena, length);

    if (is_none(start))
        return alloc_uncached(arena, length);
    return hand_out(arena, start, length);
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
static void armour_release(struct arena *arena, granule_t begin, granule_t end)
{
    /* LAB 7 BEGIN */
    begin = join_before(arena, begin);
    end = join_after(arena, end);
    /* One comparison for begin <= wilderness.begin < end. */
    if (arena->wilderness.begin.number - begin.number <
        end.number - begin.number) {
        arena->wilderness = (struct run){ begin, end };
    } else {
        armour_keep(arena, arena->last_freed);
        arena->last_freed = (struct run){ begin, end };
    }
    /* LAB 7 END */
}

/* Why no used block of this arena starts at `address`.  Searches the block
 * around it, on the way to a message. */
static enum heap_error address_error(const struct arena *arena,
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

/* A block that its cache has no place for, or has already. */
static inline enum heap_error free_uncached(struct arena *arena,
                                            granule_t begin, granules_t length)
{
    granule_t end;

    if (is_cached(arena, begin, length))
        return HEAP_ALREADY_FREE;
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

enum heap_error arena_free(struct arena *arena, uintptr_t address)
{
    granule_t begin = armour_granule_at(arena, address);
    granules_t length;

    if (!is_block(arena, begin, &length))
        return address_error(arena, address);
    if (cache_put(arena, begin, length))
        return HEAP_OK;
    return free_uncached(arena, begin, length);
}

void arena_release(struct arena *arena, granule_t begin, granule_t end)
{
    armour_release(arena, begin, end);
}

/* -- kmalloc, kfree and krealloc of the static heap ------------------------ */

static void *kmalloc_uncached(size_t bytes)
{
    void *payload = alloc_uncached(&armour_arena, granules_for(bytes));

    return payload ? heap_quick_allocated(payload) : heap_quick_missed(bytes);
}

/* kmalloc(): a cached block, or one from a batch or a run. */
static void *armour_kmalloc(size_t bytes)
{
    granules_t length = granules_for(bytes);
    granule_t start = cache_take(&armour_arena, length);

    if (is_none(start))
        return kmalloc_uncached(bytes);
    return heap_quick_allocated(hand_out(&armour_arena, start, length));
}

static enum heap_error kfree_uncached(granule_t begin, granules_t length)
{
    if (free_uncached(&armour_arena, begin, length) == HEAP_OK)
        return HEAP_OK;
    return plain_kfree((void *)address_of(&armour_arena, begin));
}

/* kfree(): whatever is not a block of this arena goes to plain_kfree(). */
static enum heap_error armour_kfree(void *payload)
{
    granule_t begin = armour_granule_at(&armour_arena, (uintptr_t)payload);
    granules_t length;

    if (!is_block(&armour_arena, begin, &length))
        return plain_kfree(payload);
    if (cache_put(&armour_arena, begin, length))
        return HEAP_OK;
    return kfree_uncached(begin, length);
}

/* krealloc(): in place, or else by plain_krealloc(). */
static void *armour_krealloc(void *payload, size_t bytes)
{
    if (heap_quick_takes(bytes) &&
        arena_resize(&armour_arena, (uintptr_t)payload, bytes))
        return heap_quick_resized(payload);
    return plain_krealloc(payload, bytes);
}

const struct heap_calls armour_calls = {
    armour_kmalloc,
    armour_kfree,
    armour_krealloc,
};

/* -- The static heap ------------------------------------------------------- */

/* STAGE_OK, also if the region is too small for the bookkeeping. */
enum stage_state armour_init(uintptr_t begin, uintptr_t end)
{
    /* LAB 7 BEGIN: return STAGE_NOT_WRITTEN; */
    arena_init(&armour_arena, begin, end);
    return STAGE_OK;
    /* LAB 7 END */
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
