/* SPDX-License-Identifier: MIT */
/* Stage grow, and as much of a machine as its window needs.
 *
 *     direct map  | bitmaps | frames ...           64 MiB of real memory
 *     window      | maps | heads | granules ...    as much again
 *     directory   one page; its tables are frames
 *
 * Frames are handed out by frames.c and zeroed, entries are written, and the
 * checkers find all of it in order, so growing costs here what it costs in the
 * kernel.  Only the processor is missing that would show a frame at its page:
 * the window has memory of its own, which is always there, and a page that is
 * given back is made zero where the kernel forgets it in the TLB: some 20
 * instructions for one.
 *
 * A heap of N bytes is the static heap up to the kernel's 2 MiB, and what goes
 * beyond is frames in the window, their bookkeeping counted.
 */
#include "bench/driver/stage.h"
#include "bench/driver/system.h"

#include "arch/i386/arch.h"
#include "lib/panic.h"
#include "lib/region.h"
#include "mm/armour/armour.h"
#include "mm/frames/frames.h"
#include "mm/grow/grow.h"
#include "mm/heap/heap.h"
#include "mm/paging/paging_private.h"

#define STATIC_BYTES (2u << 20)
#define MEMORY_BYTES (64u << 20)
/* For all frames with their bookkeeping, and for a start at 4 MiB. */
#define WINDOW_BYTES (MEMORY_BYTES + 3 * LARGE_PAGE_BYTES)

static struct page_range place;

/* -- The processor ------------------------------------------------------- */

void arch_load_directory(phys_t directory)
{
    (void)directory;
}

phys_t arch_loaded_directory(void)
{
    return virt_to_phys(kernel_directory());
}

void arch_flush_page(uintptr_t page)
{
    memory_renew(page, PAGE_BYTES);
}

/* -- The stage ----------------------------------------------------------- */

static void machine_start(void)
{
    static const struct region memory = { 0, MEMORY_BYTES, "memory" };
    static const struct region firmware = { 0, 1u << 20, "firmware" };
    static const struct memory_layout layout = {
        .available = &memory,
        .available_count = 1,
        .in_use = &firmware,
        .in_use_count = 1,
        .reach = MEMORY_BYTES,
    };
    uintptr_t base = (uintptr_t)memory_map(MEMORY_BYTES, false);
    uintptr_t window = (uintptr_t)memory_map(WINDOW_BYTES, false);

    direct_map = (struct direct_map){ base, MEMORY_BYTES };
    if (frames_init(&layout) != STAGE_OK)
        panic("no frames for stage grow");
    /* In the first MiB, which no allocator gets. */
    paging.directory = (struct page_table *)base;
    place = grow_window_for(align_up(window, LARGE_PAGE_BYTES),
                            align_down(window + WINDOW_BYTES, LARGE_PAGE_BYTES),
                            frame_counts().free);
}

static bool start(uintptr_t begin, uintptr_t end)
{
    size_t beyond = 0;
    enum stage_state state;

    if (place.end == 0)
        machine_start();
    if (end - begin > STATIC_BYTES)
        beyond = end - begin - STATIC_BYTES;
    state = grow_init(begin, end - beyond, place);
    grow_limit(beyond);
    heap_start(begin, end - beyond, &grow_backend);
    return state == STAGE_OK;
}

static uint32_t reclaims(void)
{
    return armour_arena.sweeps;
}

static const struct stage row = {
    .name = "grow",
    .start = start,
    .reclaims = reclaims,
};

static const struct stage *const pointer STAGE_ROW = &row;
