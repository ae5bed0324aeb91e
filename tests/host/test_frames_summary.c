/* SPDX-License-Identifier: MIT */
/* Frames by summary words, against a byte a frame. */
#include "harness.h"
#include "layouts.h"

#include "bench/allocators/frames_summary.h"
#include "lib/bitmap.h"
#include "lib/random.h"
#include "mm/frames/frames_private.h"

#include <string.h>

#define MOST_FRAMES (1u << 20)

/* 1: free.  The state at the start is copied from frames.c, which has tests of
 * its own (test_frames.c). */
static uint8_t is_free[MOST_FRAMES];
static uint32_t total, free_count;

static void start(uint64_t end)
{
    play_physical_memory(4 * MIB);
    layout_begin(4 * GIB);
    add_available(0, end);
    add_in_use(0, MIB + 77);
    CHECK_EQ(frames_init(&layout), STAGE_OK);
    summary_start();
    total = frame_counts().total;
    free_count = 0;
    for (uint32_t i = 0; i < total; i++) {
        is_free[i] = frame_state((frame_t){ i }) == FRAME_IS_FREE;
        free_count += is_free[i];
    }
    CHECK_EQ(free_count, frame_counts().free);
    CHECK_SOUND(summary_check());
}

static uint32_t lowest_free(void)
{
    const uint8_t *found = memchr(is_free, 1, total);

    return found ? (uint32_t)(found - is_free) : 0;
}

static uint32_t lowest_run(uint32_t count, uint32_t align)
{
    for (uint32_t at = 0; at + count <= total; at += align) {
        if (!memchr(is_free + at, 0, count))
            return at;
    }
    return 0;
}

static void note(uint32_t first, uint32_t count, uint8_t free_now)
{
    memset(is_free + first, free_now, count);
    free_count = free_now ? free_count + count : free_count - count;
    CHECK_EQ(frame_counts().free, free_count);
}

static void alloc_one(void)
{
    uint32_t expected = lowest_free(), found = summary_alloc().number;

    CHECK_EQ(found, expected);
    if (found)
        note(found, 1, 0);
}

static void alloc_run(uint32_t count, uint32_t align)
{
    uint32_t expected = lowest_run(count, align);
    uint32_t found = summary_alloc_run(count, align).number;

    CHECK_EQ(found, expected);
    if (found)
        note(found, count, 0);
}

/* The answer of free for each of these frames. */
static enum frame_error expected_error(uint32_t first, uint32_t count)
{
    if (first >= total || count > total - first)
        return FRAME_OUT_OF_RANGE;
    for (uint32_t i = first; i < first + count; i++) {
        if (frame_state((frame_t){ i }) == FRAME_IS_RESERVED)
            return FRAME_NEVER_OURS;
        if (is_free[i])
            return FRAME_ALREADY_FREE;
    }
    return FRAME_OK;
}

static void free_some(uint32_t first, uint32_t count)
{
    enum frame_error expected = expected_error(first, count);
    enum frame_error found = count == 1
                                 ? summary_free((frame_t){ first })
                                 : summary_free_run((frame_t){ first }, count);

    CHECK_EQ(found, expected);
    if (found == FRAME_OK)
        note(first, count, 1);
}

static void step(struct random *random, bool filling)
{
    switch (random_below(random, filling ? 5 : 9)) {
    case 0:
        free_some(random_below(random, total + 2), 1);
        break;
    case 1:
        alloc_run(1 + random_below(random, 70), 1u << random_below(random, 7));
        break;
    case 2:
    case 3:
    case 4:
        alloc_one();
        break;
    default:
        free_some(random_below(random, total + 2), 1 + random_below(random, 4));
    }
}

/* Sizes around the borders of a word and of a word of words. */
TEST(frames_summary_random_runs)
{
    static const uint32_t sizes[] = { 0, 1, 31, 32, 33, 63, 700, 767, 769 };
    struct random random;

    random_seed(&random, 5);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        start(MIB + 64 * KIB + (uint64_t)sizes[i] * PAGE_BYTES);
        for (uint32_t n = 0; n < 3000; n++) {
            step(&random, n / 500 % 2 == 0);
            if (n % 50 == 0)
                CHECK_SOUND(summary_check());
        }
        CHECK_SOUND(summary_check());
    }
}

TEST(frames_summary_fills_to_the_last_frame)
{
    /* A last word with 1 frame, with 31, and whole. */
    static const uint32_t sizes[] = { 513, 543, 544 };

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        start((uint64_t)sizes[i] * PAGE_BYTES);
        CHECK_EQ(total, sizes[i]);
        while (free_count > 0)
            alloc_one();
        CHECK_EQ(summary_alloc().number, FRAME_NONE.number);
        CHECK_SOUND(summary_check());
        free_some(total - 1, 1);
        alloc_one();
        CHECK_EQ(free_count, 0);
    }
}

TEST(frames_summary_4_gib)
{
    frame_t first;

    start(4 * GIB);
    CHECK_EQ(total, MOST_FRAMES);
    first = summary_alloc_run(free_count - 1, 1);
    CHECK(first.number != FRAME_NONE.number);
    CHECK_EQ(frame_counts().free, 1);
    CHECK_EQ(summary_alloc().number, MOST_FRAMES - 1);
    CHECK_EQ(summary_alloc().number, FRAME_NONE.number);
    CHECK_SOUND(summary_check());
    /* One free frame anywhere is found. */
    for (uint32_t number = 1000; number < MOST_FRAMES; number += 9973) {
        CHECK_EQ(summary_free((frame_t){ number }), FRAME_OK);
        CHECK_EQ(summary_free((frame_t){ number }), FRAME_ALREADY_FREE);
        CHECK_EQ(summary_alloc().number, number);
    }
    CHECK_EQ(summary_free((frame_t){ MOST_FRAMES }), FRAME_OUT_OF_RANGE);
    CHECK_EQ(summary_free((frame_t){ 0 }), FRAME_NEVER_OURS);
    CHECK_EQ(summary_free_run((frame_t){ first.number }, 1u << 19), FRAME_OK);
    CHECK_SOUND(summary_check());
    CHECK_EQ(summary_alloc().number, first.number);
}

TEST(frames_summary_check_names_damage)
{
    uint32_t *last;

    start(MIB + 100 * PAGE_BYTES);
    last = &frames.busy.words[bitmap_word_count(total) - 1];
    CHECK(total % 32 != 0);
    *last ^= 1u << 31;
    CHECK(strncmp(summary_check().invariant, "I8", 2) == 0);
    *last ^= 1u << 31;
    /* A full word whose summary was not updated. */
    while (*last != UINT32_MAX)
        *last |= *last + 1, frames.counts.free--, frames.counts.used++;
    CHECK_SOUND(frames_check());
    CHECK(strncmp(summary_check().invariant, "I7", 2) == 0);
}
