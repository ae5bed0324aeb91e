/* SPDX-License-Identifier: MIT */
/* An arena from outside: its figures, its blocks and its checker.
 *
 * The checker reads the tables bit by bit, without the shortcuts of the other
 * files.  It compares each number with the arena's ends before it follows it.
 * It does not read payload, because nothing of the bookkeeping is there.
 */
#include "mm/armour/armour.h"

#include "mm/armour/armour_runs.h"

/* -- Figures and blocks ---------------------------------------------------- */

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

size_t arena_size(const struct arena *arena, uintptr_t address)
{
    granule_t start = armour_granule_at(arena, address);
    granules_t length;

    if (!is_in_use(arena, start, &length))
        return 0;
    return granule_bytes(full_length(arena, start, length));
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
    if (is_start(arena, start)) /* of a run, or of a block in a size cache */
        return HEAP_ALREADY_FREE;
    while (!is_start(arena, start))
        start.number--;
    /* What was freed may be inside a longer run by now. */
    return is_used(arena, start) ? HEAP_INTERIOR : HEAP_ALREADY_FREE;
}

/* The next piece from `at` on: a block in use, or all free memory up to it.
 * What is in a size cache is free to the callers. */
static granule_t walk_piece(const struct arena *arena, granule_t at,
                            struct block *piece)
{
    granule_t end = at;

    piece->address = address_of(arena, at);
    piece->state = BLOCK_FREE;
    while (end.number < arena->length.count &&
           !arena_size(arena, address_of(arena, end)))
        end = block_end_any(arena, end);
    if (is_same(end, at)) {
        piece->state = BLOCK_USED;
        end = block_end(arena, at);
    }
    piece->bytes = granule_bytes(granules_between(at, end));
    return end;
}

/* The bookkeeping, then every block. */
bool arena_walk(const struct arena *arena, block_visitor visit, void *context)
{
    struct block piece = {
        .address = arena->begin,
        .bytes = arena->base - arena->begin,
        .state = BLOCK_BOOKKEEPING,
        .owner = "armour",
    };
    granule_t at = { 0 };

    if (piece.bytes > 0 && !visit(&piece, context))
        return false;
    while (at.number < arena->length.count) {
        at = walk_piece(arena, at, &piece);
        if (!visit(&piece, context))
            return false;
    }
    return true;
}

/* -- Checker --------------------------------------------------------------- */

static const char starting[] = "M1: the starts cut the arena into blocks";
static const char measuring[] = "M2: a gap in the map holds the length";
static const char hinting[] = "H1: a hint is a granule of the arena";
static const char sorting[] = "H2: the lower hint of a pair is the first";
static const char marking[] = "H3: a class has its bit if it has a hint";
static const char merging[] = "R1: no two runs touch, except at seams";
static const char keeping[] = "R2: the three runs apart are free blocks";
static const char caching[] = "Z1: a cached block is a used block of its size";
static const char counting[] = "A3: the counters equal what a walk finds";

struct tally {
    size_t used_bytes, used_blocks;
    uint32_t seams; /* pairs of runs that may touch */
};

static struct violation at(const struct arena *arena, const char *invariant,
                           uint32_t granule, uintptr_t expected,
                           uintptr_t found)
{
    return (struct violation){ invariant,
                               address_of(arena, (granule_t){ granule }),
                               expected, found };
}

static uint32_t end_of(const struct arena *arena, uint32_t start)
{
    uint32_t end = start + 1;

    while (end < arena->length.count && !bit_test(arena->starts, end))
        end++;
    return end;
}

/* M2, for the block [start, end). */
static struct violation check_gap(const struct arena *arena, uint32_t start,
                                  uint32_t end)
{
    uint32_t first = start / WORD_BITS + 1, after_last = end / WORD_BITS;

    if (first >= after_last || start == arena->last_freed.begin.number ||
        start == arena->wilderness.begin.number)
        return SOUND;
    if (arena->used[first] != end - start)
        return at(arena, measuring, start, end - start, arena->used[first]);
    if (arena->used[after_last - 1] != end - start)
        return at(arena, measuring, start, end - start,
                  arena->used[after_last - 1]);
    return SOUND;
}

/* R1, for two runs that touch: one is the batch, or the last of so many that
 * are allowed. */
static bool may_touch(const struct arena *arena, uint32_t first,
                      uint32_t second, struct tally *tally)
{
    if (first == arena->batch.begin.number ||
        second == arena->batch.begin.number)
        return true;
    return tally->seams-- > 0;
}

/* Whether the used block is in the cache of its length. */
static bool in_cache(const struct arena *arena, uint32_t start, uint32_t end)
{
    const struct size_cache *cache = &arena->caches[end - start];

    return cache->newest.number == start || cache->older.number == start;
}

static void tally_add(const struct arena *arena, struct tally *tally,
                      uint32_t start, uint32_t end)
{
    if (!bit_test(arena->used, start) ||
        (end - start <= arena->cache_count && in_cache(arena, start, end)))
        return;
    tally->used_bytes += (end - start) * GRANULE_SIZE;
    tally->used_blocks++;
}

/* M1, M2, R1 and the tally. */
static struct violation check_blocks(const struct arena *arena,
                                     struct tally *tally)
{
    uint32_t start, end, before = 0;
    bool before_free = false;

    if (arena->length.count > 0 && !bit_test(arena->starts, 0))
        return at(arena, starting, 0, 1, 0);
    for (start = 0; start < arena->length.count; start = end) {
        bool used = bit_test(arena->used, start);
        struct violation violation;

        end = end_of(arena, start);
        violation = check_gap(arena, start, end);
        if (!is_sound(violation))
            return violation;
        if (!used && before_free && !may_touch(arena, before, start, tally))
            return at(arena, merging, start, 1, 0);
        before = start;
        before_free = !used;
        tally_add(arena, tally, start, end);
    }
    if (arena->length.count > 0 &&
        (!bit_test(arena->starts, start) || !bit_test(arena->used, start)))
        return at(arena, starting, start, 1, 0);
    return SOUND;
}

/* R2: [begin, end) is a free block, or none. */
static struct violation check_apart(const struct arena *arena, struct run run)
{
    uint32_t begin = run.begin.number, end = run.end.number;

    if (begin == NO_GRANULE.number && end == NO_GRANULE.number)
        return SOUND;
    if (begin >= arena->length.count || end > arena->length.count ||
        !bit_test(arena->starts, begin) || bit_test(arena->used, begin) ||
        end_of(arena, begin) != end)
        return at(arena, keeping, begin, 0, end);
    return SOUND;
}

/* Z1 for one place of the cache of `length` granules. */
static struct violation check_cached(const struct arena *arena, uint32_t start,
                                     uint32_t length)
{
    if (start == NO_GRANULE.number)
        return SOUND;
    if (length > arena->cache_count || length == 0)
        return at(arena, caching, start, arena->cache_count, length);
    if (start >= arena->length.count || !bit_test(arena->starts, start) ||
        !bit_test(arena->used, start) || end_of(arena, start) != start + length)
        return at(arena, caching, start, length, 0);
    return SOUND;
}

static struct violation check_cache(const struct arena *arena, uint32_t length)
{
    uint32_t newest = arena->caches[length].newest.number;
    uint32_t older = arena->caches[length].older.number;
    struct violation violation = check_cached(arena, newest, length);

    if (length > arena->cache_count && older == NO_PLACE.number)
        return violation;
    if (is_sound(violation))
        violation = check_cached(arena, older, length);
    if (is_sound(violation) && older != NO_GRANULE.number &&
        (newest == NO_GRANULE.number || newest == older))
        violation = at(arena, caching, older, newest, older);
    return violation;
}

static bool is_hint(const struct arena *arena, granule_t hint)
{
    return hint.number == NO_GRANULE.number ||
           hint.number < arena->length.count;
}

/* H1 to H3 for one class. */
static struct violation check_hints(const struct arena *arena, uint32_t class)
{
    const struct hints *hints = &arena->hints[class];
    bool any = hints->lowest.number != NO_GRANULE.number;

    if (!is_hint(arena, hints->lowest))
        return at(arena, hinting, 0, class, hints->lowest.number);
    if (!is_hint(arena, hints->next))
        return at(arena, hinting, 0, class, hints->next.number);
    if (hints->next.number <= hints->lowest.number &&
        hints->next.number != NO_GRANULE.number)
        return at(arena, sorting, hints->lowest.number, class,
                  hints->next.number);
    if (bit_test(arena->class_bits, class) != any)
        return at(arena, marking, 0, any, class);
    return SOUND;
}

static struct violation check_tables(const struct arena *arena)
{
    struct violation violation = check_apart(arena, arena->batch);

    if (is_sound(violation))
        violation = check_apart(arena, arena->last_freed);
    if (is_sound(violation))
        violation = check_apart(arena, arena->wilderness);
    for (uint32_t i = 0; is_sound(violation) && i <= WORD_BITS; i++)
        violation = check_cache(arena, i);
    for (uint32_t i = 0; is_sound(violation) && i < arena->class_count; i++)
        violation = check_hints(arena, i);
    return violation;
}

/* A3 */
static struct violation check_counters(const struct arena *arena,
                                       const struct tally *tally)
{
    struct heap_usage usage = arena_usage(arena);

    if (usage.used_bytes != tally->used_bytes)
        return (struct violation){ counting, (uintptr_t)&arena->below_peak,
                                   tally->used_bytes, usage.used_bytes };
    if (usage.used_blocks != tally->used_blocks)
        return (struct violation){ counting, (uintptr_t)&arena->frees,
                                   tally->used_blocks, usage.used_blocks };
    if (arena->below_peak > arena->peak)
        return (struct violation){ counting, (uintptr_t)&arena->peak,
                                   usage.used_bytes, usage.peak_bytes };
    return SOUND;
}

struct violation arena_check(const struct arena *arena)
{
    struct tally tally = { 0, 0, 2 * arena->seams };
    struct violation violation = check_blocks(arena, &tally);

    if (is_sound(violation))
        violation = check_tables(arena);
    if (is_sound(violation))
        violation = check_counters(arena, &tally);
    return violation;
}

struct violation armour_check(void)
{
    return arena_check(&armour_arena);
}
