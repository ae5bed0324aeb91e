/* SPDX-License-Identifier: MIT */
/* The stages that have a heap. */
#include "boot/heap_stages.h"

#include "arch/i386/image.h"
#include "arch/i386/layout.h"
#include "boot/try_out.h"
#include "lib/print.h"
#include "mm/armour/armour.h"
#include "mm/frames/frames.h"
#include "mm/grow/grow.h"
#include "mm/heap/bump.h"
#include "mm/heap/heap.h"
#include "mm/heap/heap_pages.h"
#include "mm/malloc/malloc.h"
#include "mm/spans/spans.h"
#include "mm/zalloc/zalloc.h"

#define SMALL_BYTES 24u /* of a block that is tried */

static struct heap_region region;
static size_t bytes_beyond; /* that the window may hold */

size_t heap_region_most(void)
{
    return (uintptr_t)heap_end - (uintptr_t)heap_begin;
}

void heap_region_use(size_t bytes)
{
    size_t most = heap_region_most();

    region.begin = (uintptr_t)heap_begin;
    region.end = region.begin + (bytes < most ? bytes : most);
    bytes_beyond = bytes < most ? 0 : bytes - most;
}

void heap_region_choose(size_t bytes)
{
    if (bytes > heap_region_most())
        print("heap=%zu: there are only %zu bytes before stage grow\n", bytes,
              heap_region_most());
    heap_region_use(bytes ? bytes : SIZE_MAX);
}

size_t heap_most_bytes(const struct boot_memory *memory)
{
    uint64_t bytes = boot_memory_bytes(memory);
    size_t window = DEVICE_WINDOW_BEGIN - HEAP_WINDOW_BEGIN;

    return heap_region_most() + (bytes < window ? (size_t)bytes : window);
}

struct heap_region heap_region(void)
{
    return region;
}

static size_t region_kib(void)
{
    return (region.end - region.begin) / 1024;
}

/* One allocator for all sizes.  It may treat small blocks differently, so both
 * kinds are tried. */
static enum stage_state take_over(enum stage_state (*init)(uintptr_t begin,
                                                           uintptr_t end),
                                  const struct heap_backend *backend)
{
    enum stage_state state =
        try_out_heap(init(region.begin, region.end), backend, SMALL_BYTES);

    state = try_out_heap(state, backend, PAGE_BYTES);
    if (state == STAGE_NOT_WRITTEN)
        return state;
    init(region.begin, region.end);
    heap_start(region.begin, region.end, backend);
    return state;
}

/* `backend` serves small sizes, in pages that the list lends. */
static enum stage_state
take_small(enum stage_state (*init)(const struct page_source *source),
           const struct heap_backend *backend, size_t limit)
{
    enum stage_state state = start_malloc();

    if (state == STAGE_NOT_WRITTEN)
        return state;
    state = try_out_heap(init(heap_page_source(region.begin, region.end)),
                         backend, SMALL_BYTES);
    if (backend == &zalloc_backend)
        state = try_out_cache(state);
    start_malloc(); /* the try has taken pages */
    if (state == STAGE_NOT_WRITTEN)
        return state;
    init(heap_page_source(region.begin, region.end));
    heap_add_small(backend, limit);
    return state;
}

enum stage_state start_heap(void)
{
    return take_over(bump_init, &bump_backend);
}

void heap_figures(void)
{
    print("%zu KiB at %#010lx for kmalloc, a bump pointer", region_kib(),
          (unsigned long)region.begin);
}

enum stage_state start_malloc(void)
{
    return take_over(malloc_init, &malloc_backend);
}

void malloc_figures(void)
{
    print("the same %zu KiB as a list of blocks", region_kib());
}

enum stage_state start_zalloc(void)
{
    return take_small(zalloc_init, &zalloc_backend, ZALLOC_BYTES_MAX);
}

void zalloc_figures(void)
{
    print("zones up to %u bytes, the list above", ZALLOC_BYTES_MAX);
}

static enum stage_state init_shared_spans(const struct page_source *source)
{
    return spans_init(source, spans_shared);
}

enum stage_state start_spans(void)
{
    return take_small(init_shared_spans, &spans_backend, SPANS_BYTES_MAX);
}

void spans_figures(void)
{
    print("spans up to %u bytes, the list above", SPANS_BYTES_MAX);
}

enum stage_state start_armour(void)
{
    return take_over(armour_init, &armour_backend);
}

void armour_figures(void)
{
    print("the same %zu KiB, its bookkeeping apart", region_kib());
}

/* The window is the same each time the stage starts: as large as the frames
 * that were free at the first time. */
static struct page_range window(void)
{
    static struct page_range chosen;

    if (chosen.end == 0)
        chosen = grow_window_for(HEAP_WINDOW_BEGIN, DEVICE_WINDOW_BEGIN,
                                 frame_counts().free);
    return chosen;
}

enum stage_state start_grow(void)
{
    enum stage_state state = grow_init(region.begin, region.end, window());

    if (state == STAGE_NOT_WRITTEN || state == STAGE_BROKEN)
        return state;
    if (state == STAGE_OK) {
        state = try_out_heap(state, &grow_backend, region.end - region.begin);
        grow_init(region.begin, region.end, window());
    }
    grow_limit(bytes_beyond);
    heap_start(region.begin, region.end, &grow_backend);
    return state;
}

struct heap_region heap_window(void)
{
    struct grow_figures figures = grow_figures();
    uintptr_t begin = figures.window.begin;
    size_t bytes = figures.window.end - begin;
    size_t memory = frame_counts().free * PAGE_BYTES + figures.held_bytes;

    if (bytes > memory)
        bytes = memory;
    if (bytes > bytes_beyond)
        bytes = align_down(bytes_beyond, PAGE_BYTES);
    return (struct heap_region){ begin, begin + bytes };
}

void grow_print_figures(void)
{
    struct heap_region places = heap_window();

    print("what does not fit goes on at %#010lx, up to %zu KiB",
          (unsigned long)places.begin, (places.end - places.begin) / 1024);
}
