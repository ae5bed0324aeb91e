/* SPDX-License-Identifier: MIT */
/* Two arenas as one heap.
 *
 *     0xC0...                               0xF000_0000
 *     | static heap, 2 MiB |       ...      | window: grows and shrinks -> |
 *       armour's arena                        the arena of grow_arena.c
 *
 * An arena works alone: without a free run it returns NULL.  This file tries
 * one after the other.
 *
 *     alloc   static heap -> window -> make the window longer -> sweep the
 *             static heap -> sweep the window -> NULL
 *     free    by address
 *
 *     V1: the static heap never moves and never changes its size; no pointer
 *         changes because the heap grows.
 *     V2: a request that ends with NULL leaves the same blocks, pages, tables
 *         and frames that it found.
 *     V3: the free tail of the window is at most twice the step, once a block
 *         next to it has been freed there.
 *
 * There are two arenas, never more, so that finding the one of an address is a
 * comparison, and the search for a run is done twice at worst.  Growing by n
 * pages takes n frames: that one request pays for those that follow.
 *
 * It grows before it sweeps, because cached blocks are likely to be reused
 * soon. It sweeps when no frames are left.
 *
 * Weak points: a single block at the high end keeps everything below it mapped.
 * Runs in the middle have whole pages that no call reads, and their frames
 * could be given back as well.
 */
#include "mm/grow/grow.h"

#include "lib/print.h"
#include "mm/armour/armour.h"
#include "mm/frames/frames.h"
#include "mm/grow/grow_private.h"
#include "mm/grow/window.h"

struct grow grow;

/* -- What both use together ------------------------------------------------ */

/* The static heap's peak since the last call counts together with what the
 * window has had since then.  To be called before the window's use changes, so
 * that the peak of both is exact. */
static void grow_note_peak(void)
{
    struct arena *fixed = &armour_arena;
    size_t most = fixed->peak * GRANULE_SIZE + used_bytes(&grow.arena);

    if (most > grow.peak_bytes)
        grow.peak_bytes = most;
    fixed->peak -= fixed->below_peak;
    fixed->below_peak = 0;
}

struct heap_usage grow_usage(void)
{
    struct heap_usage total = arena_usage(&armour_arena);
    struct heap_usage window = arena_usage(&grow.arena);

    total.used_bytes += window.used_bytes;
    total.used_blocks += window.used_blocks;
    total.allocations += window.allocations;
    total.peak_bytes += window.used_bytes;
    if (total.peak_bytes < grow.peak_bytes)
        total.peak_bytes = grow.peak_bytes;
    return total;
}

/* -- The window's end ------------------------------------------------------ */

/* Granules of whole pages. */
static granules_t page_granules(granules_t length)
{
    size_t bytes = align_up(granule_bytes(length), PAGE_BYTES);

    return (granules_t){ bytes / GRANULE_SIZE };
}

static void note_growth(uint32_t bytes)
{
    grow.grown++;
    grow.step = bytes > 2 * grow.step ? bytes : 2 * grow.step;
    if (grow.step > GROW_STEP_MAX)
        grow.step = GROW_STEP_MAX;
    if (window_frames() > grow.frames_peak)
        grow.frames_peak = window_frames();
}

static bool lengthen_by(granules_t more)
{
    granules_t length = { grow.arena.length.count + more.count };

    ASSERT_BELOW(0, more.count);
    ASSERT_BELOW(length.count, grow.limit.count + 1);
    return grow_arena_lengthen(length);
}

/* Makes the tail at least `length` granules long.  By a step, so that many
 * small requests do not grow it page by page; if there are not frames enough
 * for that, by what is needed. */
static bool lengthen_for(granules_t length)
{
    granules_t tail = run_length(grow_arena_tail());
    granules_t room = { grow.limit.count - grow.arena.length.count };
    granules_t need, more = { grow.step / GRANULE_SIZE };

    if (grow.arena.length.count >= grow.limit.count ||
        length.count > room.count + tail.count)
        return false;
    /* A tail that is long enough, and was not found, becomes the wilderness. */
    need.count = length.count > tail.count ? length.count - tail.count : 1;
    need = page_granules(need);
    if (more.count > room.count)
        more = room;
    if (more.count < need.count)
        more = need;
    if (!lengthen_by(more)) {
        if (need.count == more.count || !lengthen_by(need)) {
            grow.refused++;
            return false;
        }
        more = need;
    }
    note_growth(granule_bytes(more));
    return true;
}

/* The last pages of the tail, but for `kept` bytes of it. */
static void shorten(size_t kept)
{
    struct run tail = grow_arena_tail();
    granules_t end = { tail.begin.number + kept / GRANULE_SIZE };

    end = page_granules(end);
    if (end.count < tail.end.number) {
        grow_arena_shorten(end);
        grow.trimmed++;
    }
}

/* After a free.  The tail stays until it is twice as long as the step, so that
 * a block which comes and goes at the end does not map and unmap each time. */
static void shorten_if_long(void)
{
    struct arena *arena = &grow.arena;
    size_t slack = 2 * grow.step;

    /* Only what is cached keeps it from being all tail. */
    if (used_blocks(arena) == 0 && granule_bytes(arena->length) > slack)
        arena_sweep(arena);
    if (granule_bytes(run_length(grow_arena_tail())) <= slack)
        return;
    shorten(grow.step);
    if (grow.step > GROW_STEP_MIN)
        grow.step /= 2;
}

void grow_trim(void)
{
    arena_sweep(&grow.arena);
    shorten(0);
    grow.step = GROW_STEP_MIN;
}

/* -- Blocks in the window -------------------------------------------------- */

/* After making the window longer, at the low end of the tail: what is left
 * stays next to the end, to be made longer or given back. */
static void *alloc_at_end(size_t bytes, size_t alignment)
{
    size_t slack = alignment - GRANULE_SIZE;

    ASSERT(is_power_of_two(alignment));
    ASSERT_BELOW(GRANULE_SIZE - 1, alignment);
    if (slack >= granule_bytes(grow.limit) ||
        !lengthen_for(granules_for(bytes + slack)))
        return NULL;
    if (slack == 0)
        return arena_alloc_growing(&grow.arena, bytes);
    return arena_alloc_aligned(&grow.arena, bytes, alignment);
}

static void *alloc_in_window(size_t bytes, size_t alignment)
{
    void *payload = arena_alloc_aligned(&grow.arena, bytes, alignment);

    return payload ? payload : alloc_at_end(bytes, alignment);
}

/* Nothing fits as it is. */
static void *alloc_swept(size_t bytes, size_t alignment)
{
    void *payload = arena_alloc_swept(&armour_arena, bytes, alignment);

    if (!payload)
        payload = arena_alloc_swept(&grow.arena, bytes, alignment);
    if (!payload)
        payload = alloc_at_end(bytes, alignment);
    return payload || !grow.unwritten ? payload : NOT_WRITTEN;
}

static bool in_window(const void *payload)
{
    return (uintptr_t)payload - grow.base < grow.arena.end - grow.base;
}

/* Also by making the window longer, if the block is at its end. */
static bool resize_in_window(uintptr_t address, size_t bytes)
{
    struct arena *arena = &grow.arena;
    size_t size = arena_size(arena, address);
    granule_t end;

    if (arena_resize(arena, address, bytes))
        return true;
    if (size == 0 || bytes < size || bytes >= granule_bytes(grow.limit))
        return false;
    end = armour_granule_at(arena, address + size);
    if (!is_same(end, grow_arena_tail().begin) ||
        !lengthen_for(granules_for(bytes - size)))
        return false;
    return arena_resize(arena, address, bytes);
}

/* -- The allocator --------------------------------------------------------- */

struct page_range grow_window_for(uintptr_t begin, uintptr_t most_end,
                                  uint32_t frames)
{
    /* Each frame, two bits for each 8 bytes, and what is never mapped. */
    uint64_t pages = frames + frames / 32 + 8ull;
    uint64_t bytes = (pages << PAGE_SHIFT) + LARGE_PAGE_BYTES - 1;
    struct page_range window = { begin, most_end };

    ASSERT_BELOW(begin, most_end);
    ASSERT_EQ(begin % LARGE_PAGE_BYTES, 0);
    if (bytes < most_end - begin)
        window.end = begin + align_down((uintptr_t)bytes, LARGE_PAGE_BYTES);
    return window;
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
    grow = (struct grow){ .step = GROW_STEP_MIN };
    grow_arena_place(window);
    grow.limit = grow.most;
    if (armour_init(begin, end) != STAGE_OK)
        return STAGE_NOT_WRITTEN;
    grow.unwritten =
        window_move_end(STARTS, window_pages()->mapped[STARTS].begin) ==
        WINDOW_NOT_WRITTEN;
    return grow.unwritten ? STAGE_PARTLY_WRITTEN : STAGE_OK;
}

void grow_limit(size_t bytes)
{
    uint32_t frames = (uint32_t)(bytes >> PAGE_SHIFT);
    uint32_t most = grow.most.count / GRANULES_PER_PAGE;
    uint32_t pages = frames < most ? frames : most;

    while (pages > 0 && grow_arena_frames(pages) > frames)
        pages--;
    grow.limit.count = pages * GRANULES_PER_PAGE;
}

struct grow_figures grow_figures(void)
{
    return (struct grow_figures){
        .window = { grow.base, grow.base + granule_bytes(grow.most) },
        .end = grow.arena.end,
        .held_bytes = window_frames() * PAGE_BYTES,
        .held_peak_bytes = grow.frames_peak * PAGE_BYTES,
        .grown = grow.grown,
        .trimmed = grow.trimmed,
        .refused = grow.refused,
    };
}

/* The static heap has answered NULL. */
static void *alloc_beyond(size_t bytes, size_t alignment)
{
    void *payload;

    grow_note_peak();
    payload = alloc_in_window(bytes, alignment);
    return payload ? payload : alloc_swept(bytes, alignment);
}

void *grow_alloc(size_t bytes, size_t alignment)
{
    void *payload = arena_alloc_aligned(&armour_arena, bytes, alignment);

    return payload ? payload : alloc_beyond(bytes, alignment);
}

void *grow_alloc_growing(size_t bytes)
{
    void *payload = arena_alloc_growing(&armour_arena, bytes);

    return payload ? payload : alloc_beyond(bytes, HEAP_ALIGNMENT);
}

enum heap_error grow_free(void *payload)
{
    enum heap_error error;

    if (!in_window(payload))
        return armour_free(payload);
    grow_note_peak();
    error = arena_free(&grow.arena, (uintptr_t)payload);
    if (error == HEAP_OK)
        shorten_if_long();
    return error;
}

bool grow_resize(void *payload, size_t bytes)
{
    if (!in_window(payload))
        return armour_resize(payload, bytes);
    grow_note_peak();
    return resize_in_window((uintptr_t)payload, bytes);
}

size_t grow_size(const void *payload)
{
    if (!in_window(payload))
        return armour_size(payload);
    return arena_size(&grow.arena, (uintptr_t)payload);
}

bool grow_owns(const void *payload)
{
    return in_window(payload) || armour_owns(payload);
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

/* The quick calls are armour's: they try the static heap. */
const struct heap_backend grow_backend = {
    .name = "grow",
    .alloc = grow_alloc,
    .alloc_growing = grow_alloc_growing,
    .alloc_missed = alloc_beyond,
    .free = grow_free,
    .resize = grow_resize,
    .size = grow_size,
    .owns = grow_owns,
    .walk = grow_walk,
    .check = grow_check,
    .total = grow_usage,
    .calls = &armour_calls,
};
