/* SPDX-License-Identifier: MIT */
/* Lays out the bookkeeping of an arena; the drawing is in armour_arena.h.
 *
 * With n granules, c classes and s sizes it takes
 *
 *     12 s                            recent blocks and piles, by size
 *     8 (2 + (n + c + 32) / 32)       two maps: for the granules, a start
 *                                     behind the last and, below, the heads
 *     8 (c + 1)                       heads, and granule -1
 *
 * bytes: 3.125 % of the payload, and 1.2 KB for the rest of a large arena.
 */
#include "mm/armour/armour_arena.h"

#include "lib/addr.h"
#include "lib/string.h"
#include "mm/armour/armour_index.h"

/* A size for each 2 KiB, up to all of them: at most 0.6 %. */
#define BYTES_PER_SIZE 2048u

struct plan {
    uint32_t granules, classes, sizes;
    uint32_t words_below, words; /* of each map, below and from granule 0 */
};

static uint32_t plan_bytes(const struct plan *plan)
{
    return plan->sizes * SIZE_BYTES +
           2 * (plan->words_below + plan->words) * (uint32_t)sizeof(uint32_t) +
           (plan->classes + 1 + plan->granules) * GRANULE_BYTES;
}

/* The most granules whose bookkeeping fits into `bytes` with them; none if
 * there is not even room for that of one. */
static struct plan plan_for(uint32_t bytes)
{
    struct plan plan = { .sizes = bytes / BYTES_PER_SIZE };
    uint32_t excess;

    if (plan.sizes > SIZES_MAX)
        plan.sizes = SIZES_MAX;
    plan.granules = bytes / GRANULE_BYTES;
    do {
        plan.classes = class_of(plan.granules) + 1;
        plan.words_below = (plan.classes + 1) / WORD_BITS + 1;
        plan.words = plan.granules / WORD_BITS + 1;
        excess = plan_bytes(&plan);
        excess = excess > bytes ? (excess - bytes + 15) / 16 : 0;
        plan.granules -= excess < plan.granules ? excess : plan.granules;
    } while (excess > 0 && plan.granules > 0);
    return plan;
}

static void maps_clear(struct arena *arena, const struct plan *plan)
{
    uint32_t map_bytes = (plan->words_below + plan->words) * sizeof(uint32_t);

    memset(arena->starts - plan->words_below, 0, map_bytes);
    memset(arena->used - plan->words_below, 0, map_bytes);
    memset((void *)arena->begin, 0, plan->sizes * SIZE_BYTES);
}

void arena_tie(struct arena *arena)
{
    for (uint32_t class = 0; class < arena->classes; class ++) {
        uint32_t head = head_of(arena, class);

        *links_of(arena, head) = (struct links){ head, head };
        cut_at(arena, head);
    }
    cut_at(arena, (uint32_t)-1);
    mark_used(arena, (uint32_t)-1);
    cut_at(arena, arena->granules);
    mark_used(arena, arena->granules);
}

void arena_place_sizes(struct arena *arena, uint32_t sizes)
{
    arena->sizes = sizes;
    arena->recent = (uintptr_t *)arena->begin - 1;
    arena->piles = (struct extent *)(arena->recent + sizes + 1) - 1;
}

bool arena_init(struct arena *arena, uintptr_t begin, uintptr_t end)
{
    struct plan plan;

    begin = align_up(begin, GRANULE_BYTES);
    end = align_down(end, GRANULE_BYTES);
    if (end < begin)
        end = begin;
    *arena = (struct arena){ .begin = begin, .end = end, .base = end };
    arena->wilderness = arena->youngest = NO_EXTENT;
    plan = plan_for((uint32_t)(end - begin));
    if (plan.granules == 0)
        return false;
    arena->granules = plan.granules;
    arena->classes = plan.classes;
    arena->lowest = 0 - (plan.classes + 1);
    arena->numbers = plan.classes + 1 + plan.granules;
    arena->base = end - plan.granules * GRANULE_BYTES;
    arena_place_sizes(arena, plan.sizes);
    arena->starts =
        (uint32_t *)(arena->piles + plan.sizes + 1) + plan.words_below;
    arena->used = arena->starts + plan.words + plan.words_below;
    maps_clear(arena, &plan);
    arena_tie(arena);
    cut_at(arena, 0);
    note_length(arena, 0, arena->granules);
    arena->wilderness = (struct extent){ 0, arena->granules };
    return true;
}
