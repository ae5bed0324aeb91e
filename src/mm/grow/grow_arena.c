/* SPDX-License-Identifier: MIT */
/* An arena whose end moves.
 *
 *     | g | starts ->    | used ->      | h | granules ->                 | g |
 *           range 0        range 1        \_______ range 2 _____/
 *
 *     g   never mapped
 *     h   one page: hints and granule -1
 *
 * The places are laid out once, for the most granules that the window has
 * addresses for.  They cost only addresses: a page is mapped when the granules
 * of the moment need it.  So no map ever moves, and the arena stays one piece
 * that becomes longer.  Merging and finding runs still take constant time.
 *
 *     G1: with n granules, ranges 0 and 1 end with the page of bit n, range 2
 *         with granule n - 1, which is the last of its page.
 *     G2: without granules nothing is mapped.
 *     G3: the granules fit the window.
 *
 * Moving the end is an ordinary free or allocation: new granules arrive as a
 * block in use that is then released, and granules that leave are allocated
 * first.
 */
#include "mm/grow/grow_private.h"

#include "lib/addr.h"
#include "mm/armour/armour_runs.h"
#include "mm/grow/window.h"

/* -- Places ---------------------------------------------------------------- */

/* Where a map that begins at `begin` ends, with a word for the sentinel before
 * granule 0 and the bit of the sentinel after the last. */
static uintptr_t map_end(uintptr_t begin, granules_t length)
{
    uint32_t words = 1 + length.count / WORD_BITS + 1;

    ASSERT(is_page_aligned(begin));
    if (length.count == 0)
        return begin;
    return align_up(begin + words * sizeof(uint32_t), PAGE_BYTES);
}

static uintptr_t granules_end(granules_t length)
{
    if (length.count == 0)
        return grow.base - PAGE_BYTES;
    return grow.base + granule_bytes(length);
}

static bool place_resize(unsigned range, uintptr_t end)
{
    return window_move_end(range, end) == WINDOW_OK;
}

/* Maps what `length` granules need, no more; false, and nothing changed, if
 * there are not enough frames.  Fewer than before always works. */
static bool places_resize(granules_t length)
{
    const struct page_range *ranges = window_pages()->mapped;
    uintptr_t before[] = { ranges[STARTS].end, ranges[USED].end,
                           ranges[GRANULES].end };

    if (place_resize(STARTS, map_end(ranges[STARTS].begin, length)) &&
        place_resize(USED, map_end(ranges[USED].begin, length)) &&
        place_resize(GRANULES, granules_end(length)))
        return true;
    for (unsigned i = 0; i < WINDOW_RANGES; i++)
        window_move_end(i, before[i]);
    return false;
}

void grow_arena_place(struct page_range window)
{
    uint32_t pages = (uint32_t)(window.end - window.begin) >> PAGE_SHIFT;
    /* A page of a map has the bits of 64 pages of granules; two more for the
     * rest, and for the sentinels. */
    uint32_t map_bytes = (pages / 64 + 2) * PAGE_BYTES;
    uintptr_t starts = window.begin + PAGE_BYTES;
    uintptr_t used = starts + map_bytes, head = used + map_bytes;

    grow.base = head + PAGE_BYTES;
    grow.most.count =
        (uint32_t)(window.end - PAGE_BYTES - grow.base) / GRANULE_SIZE;
    grow.classes = class_of(grow.most).number + 1;
    ASSERT(grow.classes * sizeof(struct hints) + GRANULE_SIZE <= PAGE_BYTES);
    arena_init_empty(&grow.arena, grow.base);
    window_place(STARTS, starts);
    window_place(USED, used);
    window_place(GRANULES, head);
}

uint32_t grow_arena_frames(uint32_t pages)
{
    granules_t length = { pages * GRANULES_PER_PAGE };
    uint32_t map = (uint32_t)map_end(0, length) >> PAGE_SHIFT;

    return pages + 2 * map + 1;
}

/* -- The end --------------------------------------------------------------- */

/* Places the tables in the pages of the ranges, which are mapped and zero. */
static void arena_open(struct arena *arena)
{
    const struct page_range *ranges = window_pages()->mapped;

    for (unsigned i = 0; i < WINDOW_RANGES; i++)
        ASSERT_BELOW(ranges[i].begin, ranges[i].end);
    arena->begin = ranges[GRANULES].begin;
    arena->cache_count = CACHES_MAX;
    arena->hints = (struct hints *)arena->begin;
    arena->class_count = grow.classes;
    arena->starts = (uint32_t *)ranges[STARTS].begin + 1;
    arena->used = (uint32_t *)ranges[USED].begin + 1;
    arena_init_tables(arena);
}

struct run grow_arena_tail(void)
{
    const struct arena *arena = &grow.arena;
    granule_t end = { arena->length.count };
    struct run tail = { end, end };

    if (end.number == 0 || is_same(end, arena->batch.end))
        return tail;
    if (is_same(end, arena->wilderness.end))
        return arena->wilderness;
    if (is_same(end, arena->last_freed.end))
        return arena->last_freed;
    tail.begin = armour_block_previous(arena, end);
    return is_used(arena, tail.begin) ? (struct run){ end, end } : tail;
}

/* Makes the granules from `begin` on, a used block, the tail.  Being the
 * wilderness, it is used last, so that the arena may become shorter again. */
static void tail_release(struct arena *arena, granule_t begin)
{
    granule_t end = { arena->length.count };
    struct run wilderness;

    ASSERT_BELOW(begin.number, end.number);
    arena_release(arena, begin, end);
    wilderness = arena->wilderness;
    if (is_same(wilderness.end, end))
        return;
    arena->wilderness = arena->last_freed;
    arena->last_freed = wilderness;
}

bool grow_arena_lengthen(granules_t length)
{
    struct arena *arena = &grow.arena;
    granule_t before = { arena->length.count };

    ASSERT_BELOW(before.number, length.count);
    ASSERT_BELOW(length.count, grow.most.count + 1); /* G3 */
    ASSERT_EQ(length.count % GRANULES_PER_PAGE, 0);
    if (!places_resize(length))
        return false;
    if (before.number == 0)
        arena_open(arena);
    arena_set_length(arena, length);
    cut_at(arena, before);
    tail_release(arena, before);
    return true;
}

/* H1 for an arena that has become shorter: hints beyond its end go. */
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

void grow_arena_shorten(granules_t length)
{
    struct arena *arena = &grow.arena;
    struct run tail = grow_arena_tail();

    ASSERT_BELOW(length.count, arena->length.count);
    ASSERT_BELOW(tail.begin.number, length.count + 1);
    ASSERT_EQ(length.count % GRANULES_PER_PAGE, 0);
    arena_forget(arena, tail);
    mark_used(arena, tail.begin);
    join_at(arena, tail.end);
    arena_set_length(arena, length);
    hints_limit(arena, (granule_t){ length.count });
    if (tail.begin.number < length.count)
        tail_release(arena, tail.begin);
    places_resize(length);
    if (length.count == 0)
        arena_init_empty(arena, grow.base);
}
