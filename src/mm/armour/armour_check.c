/* SPDX-License-Identifier: MIT */
/* Checks armour_*.h from outside: knows what the tables mean, and reads them
 * bit by bit, without the shortcuts of the others.
 *
 * It believes nothing: numbers are compared with the arena's ends before they
 * are followed, and no ring is followed for longer than there are runs.
 *
 * What it cannot see: payload of used blocks.  Links in free memory are
 * checked, although damage there costs a rebuild and no more; the address that
 * is named tells who still writes to what he has freed.
 */
#include "mm/armour/armour.h"

#include "mm/armour/armour_index.h"

static const char starting[] = "M1: the starts cut the arena into blocks";
static const char measuring[] = "M2: a hole in the map holds the length";
static const char listing[] = "X1: every free run is in the ring of its class";
static const char summing[] = "X2: a class has its bit if its ring has a run";
static const char merging[] = "R1: no two free blocks touch";
static const char keeping[] = "R2: the runs outside the index are free";
static const char waiting[] = "Z1: a recent block is a used block of its size";
static const char piling[] = "Z2: a pile is free and a multiple of its size";
static const char counting[] = "A3: the counters equal what a walk finds";

struct tally {
    size_t used_bytes, used_blocks;
    uint32_t runs; /* free blocks that should be in a ring */
};

static bool bit(const uint32_t *map, uint32_t index)
{
    return map[index / WORD_BITS] >> index % WORD_BITS & 1;
}

static struct violation at(const struct arena *arena, const char *invariant,
                           uint32_t granule, uintptr_t expected,
                           uintptr_t found)
{
    return (struct violation){ invariant, armour_address_of(arena, granule),
                               expected, found };
}

static uint32_t end_of(const struct arena *arena, uint32_t start)
{
    uint32_t end = start + 1;

    while (end < arena->granules && !bit(arena->starts, end))
        end++;
    return end;
}

/* M2, for the block [start, end). */
static struct violation armour_check_hole(const struct arena *arena,
                                          uint32_t start, uint32_t end)
{
    uint32_t first = start / WORD_BITS + 1, behind_last = end / WORD_BITS;

    if (first >= behind_last)
        return SOUND;
    if (arena->used[first] != end - start)
        return at(arena, measuring, start, end - start, arena->used[first]);
    if (arena->used[behind_last - 1] != end - start)
        return at(arena, measuring, start, end - start,
                  arena->used[behind_last - 1]);
    return SOUND;
}

/* The size whose pile begins at `start`; 0 if there is none. */
static uint32_t pile_size(const struct arena *arena, uint32_t start)
{
    uint32_t size = arena->sizes;

    for (; size > 0; size--) {
        if (arena->piles[size].begin == start &&
            arena->piles[size].end != start)
            return size;
    }
    return 0;
}

static bool is_kept_apart(const struct arena *arena, uint32_t start)
{
    return start == arena->wilderness.begin || start == arena->youngest.begin ||
           pile_size(arena, start) > 0;
}

/* Whether the used block is the recent one of its size. */
static bool waits(const struct arena *arena, uint32_t start, uint32_t length)
{
    return length <= arena->sizes &&
           arena->recent[length] == armour_address_of(arena, start);
}

/* M1, M2, R1 and the tally. */
static struct violation armour_check_blocks(const struct arena *arena,
                                            struct tally *tally)
{
    bool previous_free = false;
    uint32_t start, end;

    if (arena->granules > 0 && !bit(arena->starts, 0))
        return at(arena, starting, 0, 1, 0);
    for (start = 0; start < arena->granules; start = end) {
        struct violation violation;
        bool used = bit(arena->used, start);

        end = end_of(arena, start);
        violation = armour_check_hole(arena, start, end);
        if (!is_sound(violation))
            return violation;
        if (!used && previous_free && pile_size(arena, start) == 0)
            return at(arena, merging, start, 1, 0);
        previous_free = !used && pile_size(arena, start) == 0;
        tally->runs += !used && !is_kept_apart(arena, start);
        if (used && !waits(arena, start, end - start)) {
            tally->used_bytes += (end - start) * GRANULE_BYTES;
            tally->used_blocks++;
        }
    }
    if (arena->granules > 0 && (!bit(arena->starts, arena->granules) ||
                                !bit(arena->used, arena->granules)))
        return at(arena, starting, arena->granules, 1, 0);
    return SOUND;
}

/* Whether [begin, end) is a free block, or empty. */
static bool is_free_extent(const struct arena *arena, struct extent extent)
{
    if (extent.begin == extent.end)
        return true;
    return extent.begin < arena->granules && extent.end <= arena->granules &&
           bit(arena->starts, extent.begin) &&
           !bit(arena->used, extent.begin) &&
           end_of(arena, extent.begin) == extent.end;
}

static struct violation armour_check_size(const struct arena *arena,
                                          uint32_t size)
{
    uintptr_t recent = arena->recent[size];
    uint32_t start = granule_of(arena, recent);
    struct extent pile = arena->piles[size];

    if (recent != 0 &&
        (start >= arena->granules || !bit(arena->starts, start) ||
         !bit(arena->used, start) || end_of(arena, start) != start + size))
        return (struct violation){ waiting, recent, size, 0 };
    if (!is_free_extent(arena, pile) || extent_length(pile) % size != 0)
        return at(arena, piling, pile.begin, size, extent_length(pile));
    if (pile.begin != pile.end && !is_pile(arena, pile.begin))
        return at(arena, piling, pile.begin, PILE_MARK | size,
                  links_of(arena, pile.begin)->previous);
    return SOUND;
}

static struct violation armour_check_apart(const struct arena *arena)
{
    struct violation violation = SOUND;

    if (!is_free_extent(arena, arena->wilderness))
        return at(arena, keeping, arena->wilderness.begin, 0, 1);
    if (!is_free_extent(arena, arena->youngest))
        return at(arena, keeping, arena->youngest.begin, 0, 1);
    for (uint32_t size = 1; size <= arena->sizes; size++) {
        violation = armour_check_size(arena, size);
        if (!is_sound(violation))
            break;
    }
    return violation;
}

/* X1 and X2 for one ring; takes the runs that it finds off the tally. */
static struct violation armour_check_ring(const struct arena *arena,
                                          uint32_t class, struct tally *tally)
{
    uint32_t head = head_of(arena, class), run = head, next;

    for (;; run = next) {
        next = links_of(arena, run)->next;
        if (next != head &&
            (next >= arena->granules || !bit(arena->starts, next) ||
             bit(arena->used, next) || is_kept_apart(arena, next) ||
             class_of(end_of(arena, next) - next) != class ||
             tally->runs-- == 0))
            return at(arena, listing, run, class, next);
        if (links_of(arena, next)->previous != run)
            return at(arena, listing, next, run,
                      links_of(arena, next)->previous);
        if (next == head)
            break;
    }
    if (bit(arena->class_bits, class) != (links_of(arena, head)->next != head))
        return at(arena, summing, head, class, bit(arena->class_bits, class));
    if (bit(arena->class_bits, class) &&
        !bit(&arena->summary, class / WORD_BITS))
        return at(arena, summing, head, class, arena->summary);
    return SOUND;
}

static struct violation armour_check_index(const struct arena *arena,
                                           struct tally *tally)
{
    for (uint32_t class = 0; class < arena->classes; class ++) {
        struct violation violation = armour_check_ring(arena, class, tally);

        if (!is_sound(violation))
            return violation;
    }
    if (tally->runs != 0)
        return at(arena, listing, 0, 0, tally->runs);
    return SOUND;
}

/* A3 */
static struct violation armour_check_counters(const struct heap_usage *usage,
                                              const struct tally *tally)
{
    if (usage->used_bytes != tally->used_bytes)
        return (struct violation){ counting, (uintptr_t)&usage->used_bytes,
                                   tally->used_bytes, usage->used_bytes };
    if (usage->used_blocks != tally->used_blocks)
        return (struct violation){ counting, (uintptr_t)&usage->used_blocks,
                                   tally->used_blocks, usage->used_blocks };
    if (usage->peak_bytes < usage->used_bytes)
        return (struct violation){ counting, (uintptr_t)&usage->peak_bytes,
                                   usage->used_bytes, usage->peak_bytes };
    return SOUND;
}

struct violation arena_check(const struct arena *arena,
                             struct heap_usage elsewhere)
{
    struct tally tally = { elsewhere.used_bytes, elsewhere.used_blocks, 0 };
    struct violation violation = armour_check_blocks(arena, &tally);

    if (is_sound(violation))
        violation = armour_check_apart(arena);
    if (is_sound(violation))
        violation = armour_check_index(arena, &tally);
    if (is_sound(violation))
        violation = armour_check_counters(&arena->usage, &tally);
    return violation;
}

struct violation armour_check(void)
{
    return arena_check(&armour_arena, (struct heap_usage){ 0, 0, 0 });
}
