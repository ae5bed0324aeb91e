/* SPDX-License-Identifier: MIT */
/* Checks both arenas, the window, and what they say of each other. */
#include "mm/grow/grow.h"

#include "mm/armour/armour.h"
#include "mm/grow/grow_private.h"
#include "mm/grow/window.h"

static const char fitting[] = "G1: what is mapped is what the granules need";
static const char closed[] = "G2: without granules nothing is mapped";
static const char limiting[] = "G3: the granules fit the window";

/* G1 for a map: its range holds bit `granules`, and not another page. */
static struct violation grow_check_map(const struct page_range *map,
                                       const uint32_t *words)
{
    uintptr_t last = (uintptr_t)&words[grow.arena.length.count / WORD_BITS];

    if (map->end <= last || map->end - last > PAGE_BYTES)
        return (struct violation){ fitting, map->begin, last, map->end };
    return SOUND;
}

static struct violation grow_check_places(void)
{
    const struct arena *arena = &grow.arena;
    const struct page_range *ranges = window_pages()->mapped;
    uintptr_t end = grow.base + granule_bytes(arena->length);
    struct violation violation;

    if (arena->length.count > grow.most.count)
        return (struct violation){ limiting, arena->base, grow.most.count,
                                   arena->length.count };
    if (arena->length.count == 0 && window_frames() != 0)
        return (struct violation){ closed, grow.base, 0, window_frames() };
    if (arena->length.count == 0)
        return SOUND;
    violation = grow_check_map(&ranges[0], arena->starts);
    if (is_sound(violation))
        violation = grow_check_map(&ranges[1], arena->used);
    if (is_sound(violation) &&
        (arena->base != grow.base || ranges[2].end != end || arena->end != end))
        violation =
            (struct violation){ fitting, ranges[2].begin, end, ranges[2].end };
    return violation;
}

struct violation grow_check(void)
{
    struct violation violation = window_check();

    if (is_sound(violation))
        violation = grow_check_places();
    if (is_sound(violation))
        violation = arena_check(&grow.arena);
    if (is_sound(violation))
        violation = arena_check(&armour_arena);
    return violation;
}
