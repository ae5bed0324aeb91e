/* SPDX-License-Identifier: MIT */
/* Two arenas behind one front.
 *
 *     0xC0...                               0xF000_0000
 *     | static heap, 2 MiB |       ...      | window: grows and shrinks -> |
 *       arena 0, armour's                     the arena of this file
 *
 * Whatever fits the static heap is served there, by armour's own calls: they
 * are this backend's, too, and the rest is done where they would have given up.
 *
 *     alloc   static heap -> window -> make the window longer -> release what
 *             both keep ready and try again -> NULL
 *     free    an address that is not in the static heap is the window's
 *
 *     V1: the static heap never moves and never changes its size; no pointer
 *         changes because the heap grows.
 *     V2: a request that ends with NULL leaves the same blocks, pages, tables
 *         and frames that it found.
 *     V3: armour's counters have what is in use in both arenas.
 *     V4: the free tail of the window is at most twice the step, once a block
 *         behind which it lies has been freed there.
 *
 * There are two arenas, never more, so that finding the one of an address is a
 * comparison, and the search for a run is done twice at worst.  Growing by n
 * pages takes n frames: that one request pays for those that follow.
 *
 * It grows before it releases what is kept ready: that will be wanted soon, and
 * there are frames enough until there are none.
 *
 * What this does badly: a single block at the high end keeps everything below
 * it mapped.  Free runs in the middle have whole pages that nobody looks at,
 * and their frames could be given back as well.
 */
#include "mm/grow/grow.h"

#include "lib/print.h"
#include "mm/armour/armour.h"
#include "mm/armour/armour_walk.h"
#include "mm/frames/frames.h"
#include "mm/grow/grow_arena.h"

struct grow grow;

/* -- The window's arena -------------------------------------------------- */

/* Granules of whole pages. */
static inline uint32_t page_granules(size_t bytes)
{
    return (uint32_t)align_up(bytes, PAGE_BYTES) / GRANULE_BYTES;
}

static void note_growth(uint32_t granules)
{
    uint32_t bytes = granules * GRANULE_BYTES;

    grow.grown++;
    grow.step = bytes > 2 * grow.step ? bytes : 2 * grow.step;
    if (grow.step > GROW_STEP_MAX)
        grow.step = GROW_STEP_MAX;
    if (window_frames() > grow.frames_peak)
        grow.frames_peak = window_frames();
}

/* Makes room for a block of `length` granules at the end.  By a step, so that
 * many small requests do not grow it page by page; if there are not frames
 * enough for that, by what is needed. */
static bool lengthen_for(uint32_t length)
{
    struct extent tail = arena_tail(&grow.arena);
    uint32_t now = grow.arena.granules, room = grow.limit - now;
    uint32_t need, more = grow.step / GRANULE_BYTES;

    if (now >= grow.limit || length > room + extent_length(tail))
        return false;
    need = length - extent_length(tail);
    /* A tail that is long enough, and was not found, becomes the wilderness. */
    if (length <= extent_length(tail))
        need = 1;
    need = page_granules(need * GRANULE_BYTES);
    more = more < need ? need : more > room ? room : more;
    if (!arena_lengthen(&grow.arena, now + more)) {
        if (need == more || !arena_lengthen(&grow.arena, now + need)) {
            grow.refused++;
            return false;
        }
        more = need;
    }
    note_growth(more);
    /* Low, like a block that moves: what is left stays next to the end, to be
     * lengthened or given back. */
    grow.arena.moving = length;
    return true;
}

/* The last pages of the tail, but for `kept` bytes of it. */
static void shorten(size_t kept)
{
    struct extent tail = arena_tail(&grow.arena);
    uint32_t end =
        page_granules(tail.begin * GRANULE_BYTES + kept); /* not before it */

    if (end < tail.end) {
        arena_shorten(&grow.arena, end);
        grow.trimmed++;
    }
}

/* After a free.  The tail stays until it is twice as long as the step, so that
 * a block which comes and goes at the end does not map and unmap each time. */
static void shorten_if_long(void)
{
    struct arena *arena = &grow.arena;
    size_t slack = 2 * grow.step;

    /* Only what is kept ready keeps it from being all tail. */
    if (arena->usage.used_blocks == 0 &&
        arena->granules * GRANULE_BYTES > slack)
        sizes_empty(arena);
    if (extent_length(arena_tail(arena)) * GRANULE_BYTES <= slack)
        return;
    shorten(grow.step);
    if (grow.step > GROW_STEP_MIN)
        grow.step /= 2;
}

void grow_trim(void)
{
    sizes_empty(&grow.arena);
    shorten(0);
    grow.step = GROW_STEP_MIN;
}

/* -- Where the static heap gives up --------------------------------------- */

static __attribute__((noinline)) void *take_in_window(size_t bytes,
                                                      size_t alignment)
{
    return arena_alloc(&grow.arena, bytes, alignment);
}

static void *alloc_in_window(size_t bytes, size_t alignment)
{
    size_t slack = alignment - GRANULE_BYTES;
    void *payload = take_in_window(bytes, alignment);

    if (!payload && slack < grow.limit * GRANULE_BYTES &&
        lengthen_for((bytes + slack) / GRANULE_BYTES))
        payload = take_in_window(bytes, alignment);
    return payload;
}

/* V3 */
static void *note_alloc(void *payload, size_t bytes)
{
    if (payload)
        usage_add(&armour_arena.usage, bytes);
    return payload;
}

static void *alloc_beyond(size_t bytes, size_t alignment);

/* Nothing fits as it is. */
static void *grow_alloc_reclaimed(size_t bytes, size_t alignment)
{
    void *payload = NULL;

    armour_arena.no_room = NULL;
    if (bytes / GRANULE_BYTES <= armour_arena.granules && armour_reclaim())
        payload = armour_alloc(bytes, alignment);
    armour_arena.no_room = alloc_beyond;
    if (!payload && bytes / GRANULE_BYTES <= grow.limit &&
        sizes_empty(&grow.arena))
        payload = note_alloc(alloc_in_window(bytes, alignment), bytes);
    return payload || !grow.unwritten ? payload : NOT_WRITTEN;
}

/* `bytes` are whole granules. */
static void *alloc_beyond(size_t bytes, size_t alignment)
{
    void *payload = note_alloc(alloc_in_window(bytes, alignment), bytes);

    return payload ? payload : grow_alloc_reclaimed(bytes, alignment);
}

static enum heap_error free_beyond(uintptr_t address)
{
    size_t before = grow.arena.usage.used_bytes;
    enum heap_error error = arena_free(&grow.arena, address);

    if (error != HEAP_OK)
        return error;
    usage_remove(&armour_arena.usage, before - grow.arena.usage.used_bytes);
    shorten_if_long();
    return HEAP_OK;
}

/* -- The allocator --------------------------------------------------------- */

struct page_range grow_window_for(uintptr_t begin, uintptr_t most_end,
                                  uint32_t frames)
{
    /* Each frame, two bits for each 8 bytes, and what is never mapped. */
    uint64_t pages = frames + frames / 32 + 8ull;
    uint64_t bytes = (pages << PAGE_SHIFT) + LARGE_PAGE_BYTES - 1;
    struct page_range window = { begin, most_end };

    if (bytes < most_end - begin)
        window.end = begin + align_down((uintptr_t)bytes, LARGE_PAGE_BYTES);
    return window;
}

/* The drawing is in grow_arena.h. */
static void grow_lay_out(struct page_range window)
{
    uint32_t pages = (uint32_t)(window.end - window.begin) >> PAGE_SHIFT;
    /* A page of a map has the bits of 64 pages of granules; another one for
     * those in front and behind. */
    uint32_t map_bytes = (pages / 64 + 2) * PAGE_BYTES;
    uintptr_t starts = window.begin + PAGE_BYTES;
    uintptr_t used = starts + map_bytes, head = used + map_bytes;

    grow = (struct grow){ .base = head + PAGE_BYTES, .step = GROW_STEP_MIN };
    grow.most = (uint32_t)(window.end - PAGE_BYTES - grow.base) / GRANULE_BYTES;
    grow.limit = grow.most;
    grow.classes = class_of(grow.most) + 1;
    grow.words_below = (grow.classes + 1) / WORD_BITS + 1;
    ASSERT(SIZES_MAX * SIZE_BYTES + (grow.classes + 1) * GRANULE_BYTES <=
           PAGE_BYTES);
    arena_close(&grow.arena);
    window_place(STARTS, starts);
    window_place(USED, used);
    window_place(GRANULES, head);
}

enum stage_state grow_init(uintptr_t begin, uintptr_t end,
                           struct page_range window)
{
    enum window_result result = window_init(window.begin, window.end);

    if (result == WINDOW_NOT_WRITTEN)
        return STAGE_NOT_WRITTEN;
    if (result != WINDOW_OK) {
        print("grow: no frames for %u page tables\n",
              (uint32_t)(window.end - window.begin) / LARGE_PAGE_BYTES);
        return STAGE_BROKEN;
    }
    grow_lay_out(window);
    if (armour_init(begin, end) != STAGE_OK)
        return STAGE_NOT_WRITTEN;
    armour_arena.no_room = alloc_beyond;
    armour_arena.elsewhere = free_beyond;
    grow.unwritten =
        window_move_end(STARTS, window_pages()->mapped[STARTS].begin) ==
        WINDOW_NOT_WRITTEN;
    return grow.unwritten ? STAGE_PARTLY_WRITTEN : STAGE_OK;
}

/* Frames behind an arena of that many pages of granules. */
static uint32_t frames_for(uint32_t pages)
{
    uint32_t granules = pages * GRANULES_PER_PAGE;
    uint32_t map = (uint32_t)map_end(0, granules) >> PAGE_SHIFT;

    return pages + 2 * map + 1;
}

void grow_limit(size_t bytes)
{
    uint32_t frames = (uint32_t)(bytes >> PAGE_SHIFT);
    uint32_t most = grow.most / GRANULES_PER_PAGE;
    uint32_t pages = frames < most ? frames : most;

    while (pages > 0 && frames_for(pages) > frames)
        pages--;
    grow.limit = pages * GRANULES_PER_PAGE;
}

struct grow_figures grow_figures(void)
{
    return (struct grow_figures){
        .window = { grow.base, grow.base + grow.most * GRANULE_BYTES },
        .end = grow.arena.end,
        .held_bytes = window_frames() * PAGE_BYTES,
        .held_peak_bytes = grow.frames_peak * PAGE_BYTES,
        .grown = grow.grown,
        .trimmed = grow.trimmed,
        .refused = grow.refused,
    };
}

void *grow_alloc(size_t bytes, size_t alignment)
{
    return armour_alloc(bytes, alignment);
}

enum heap_error grow_free(void *payload)
{
    return armour_free(payload);
}

static bool grow_in_window(uintptr_t address)
{
    return address - grow.base < grow.arena.end - grow.base;
}

/* Also by making the window longer, if the block lies at its end. */
static bool resize_in_window(uintptr_t address, size_t bytes)
{
    struct arena *arena = &grow.arena;
    uint32_t end = used_block_end(arena, address), begin, length;

    if (arena_resize(arena, address, bytes))
        return true;
    if (end == 0 || bytes / GRANULE_BYTES >= grow.limit)
        return false;
    begin = granule_of(arena, address);
    length = align_up(bytes, GRANULE_BYTES) / GRANULE_BYTES;
    if (end != arena_tail(arena).begin || !lengthen_for(begin + length - end))
        return false;
    return arena_resize(arena, address, bytes);
}

bool grow_resize(void *payload, size_t bytes)
{
    size_t before = grow.arena.usage.used_bytes;

    if (!grow_in_window((uintptr_t)payload))
        return armour_resize(payload, bytes);
    if (!resize_in_window((uintptr_t)payload, bytes))
        return false;
    armour_arena.usage.used_bytes += grow.arena.usage.used_bytes - before;
    usage_peak(&armour_arena.usage);
    return true;
}

size_t grow_size(const void *payload)
{
    if (!grow_in_window((uintptr_t)payload))
        return armour_size(payload);
    return arena_size(&grow.arena, (uintptr_t)payload);
}

bool grow_owns(const void *payload)
{
    return grow_in_window((uintptr_t)payload) || armour_owns(payload);
}

static bool walk_maps(block_visitor visit, void *context)
{
    const struct page_range *ranges = window_pages()->mapped;

    for (unsigned i = STARTS; i <= USED; i++) {
        struct block map = {
            .address = ranges[i].begin,
            .bytes = ranges[i].end - ranges[i].begin,
            .state = BLOCK_BOOKKEEPING,
            .owner = "armour",
        };

        if (map.bytes > 0 && !visit(&map, context))
            return false;
    }
    return true;
}

bool grow_walk(block_visitor visit, void *context)
{
    return armour_walk(visit, context) && walk_maps(visit, context) &&
           arena_walk(&grow.arena, visit, context);
}

/* Armour's own functions where they will do: one jump less. */
const struct heap_backend grow_backend = {
    .name = "grow",
    .alloc = armour_alloc,
    .free = armour_free,
    .resize = grow_resize,
    .size = grow_size,
    .owns = grow_owns,
    .walk = grow_walk,
    .check = grow_check,
    .usage = &armour_arena.usage,
    .calls = &armour_calls,
};
