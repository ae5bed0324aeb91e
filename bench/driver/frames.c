/* SPDX-License-Identifier: MIT */
/* The frame allocators on a map of 4 GiB, at a given fill.
 *
 * Only the bitmaps are real memory here: they are low in the map, and no
 * code touches a frame itself.
 */
#include "bench/driver/commands.h"
#include "bench/driver/system.h"
#include "bench/driver/work.h"

#include "bench/allocators/frames_summary.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "lib/random.h"
#include "lib/region.h"
#include "lib/string.h"
#include "mm/frames/frames.h"

#define FRAMES     (1u << 20)
#define REAL_BYTES (16u << 20)
#define PAIRS      4000u

static uint32_t used[FRAMES]; /* frames that are handed out, in any order */
static uint32_t used_count;
static struct random dice;

/* One way to hand frames out, on the bitmaps of frames.c. */
struct way {
    const char *name;
    callee alloc, free;
    struct violation (*check)(void);
};

static const struct way ways[] = {
    { "words", (callee)frame_alloc, (callee)frame_free, frames_check },
    { "summaries", (callee)summary_alloc, (callee)summary_free, summary_check },
};
static const struct way *way;

static void choose(const char *name)
{
    for (way = ways; strcmp(way->name, name) != 0; way++) {
        if (way == &ways[sizeof ways / sizeof *ways - 1])
            panic("frames: by words or by summaries");
    }
}

static void start(void)
{
    static const struct region available = { 0, 1ull << 32, "available" };
    static const struct region firmware = { 0, 1u << 20, "firmware" };
    static const struct memory_layout layout = {
        .available = &available,
        .available_count = 1,
        .in_use = &firmware,
        .in_use_count = 1,
        .reach = 1ull << 32,
    };
    uintptr_t base = (uintptr_t)memory_map(REAL_BYTES, true);

    direct_map = (struct direct_map){ base, UINT32_MAX };
    if (frames_init(&layout) != STAGE_OK)
        panic("frames does not start");
    if (way->alloc == (callee)summary_alloc)
        summary_start();
}

static uint32_t take(uint32_t *cost)
{
    uintptr_t ignored;
    frame_t frame;

    /* A struct is returned where the hidden first argument says. */
    *cost = call_counted(way->alloc, (uintptr_t)&frame, 0, &ignored) -
            work_overhead();
    if (frame.number != FRAME_NONE.number)
        used[used_count++] = frame.number;
    else
        *cost |= COST_FAILED;
    return frame.number;
}

static void give_back(uint32_t *cost)
{
    uint32_t which = random_below(&dice, used_count);
    uintptr_t error;

    *cost = call_counted(way->free, used[which], 0, &error) - work_overhead();
    if (error != FRAME_OK)
        panic("frame %u is refused: %s", used[which],
              frame_error_text((enum frame_error)error));
    used[which] = used[--used_count];
}

/* Everything is handed out, then `percent` is left, picked at random. */
static void fill_to(uint32_t percent)
{
    uint32_t cost;

    while (take(&cost) != FRAME_NONE.number)
        continue;
    for (uint32_t left = used_count / 100 * percent; used_count > left;)
        give_back(&cost);
}

/* frames WAY PERCENT COSTS: alternating frees of any frame and allocations, at
 * that fill; their costs, allocations first. */
void command_frames(char **arguments)
{
    static uint32_t costs[2 * PAIRS];
    uint32_t percent;

    choose(arguments[0]);
    if (!parse_number(arguments[1], &percent) || percent > 100)
        panic("frames: fill is a percentage");
    random_seed(&dice, percent);
    start();
    if (percent > 0)
        fill_to(percent);
    /* In full memory every second allocation fails: that has a cost too. */
    for (uint32_t i = 0; i < PAIRS; i++) {
        take(&costs[i]);
        if (!(costs[i] & COST_FAILED) || percent < 100 || i % 2 == 0)
            give_back(&costs[PAIRS + i]);
    }
    if (!is_sound(way->check()))
        panic("frames is not sound");
    file_save(arguments[2], costs, sizeof costs);
}
