/* SPDX-License-Identifier: MIT */
/* Lab 1: layouts that several tests need, and tests of the very end of
 * things. */
#include "tests.h"

#define MOST_REGION 6u

static struct region available[MOST_REGION], in_use[MOST_REGION];
struct memory_layout frames_layout;
frame_t frames_taken[MOST];

uint64_t arena_at(uint64_t offset)
{
    return lab_arena().addr + offset;
}

void layout_begin(void)
{
    frames_layout = (struct memory_layout){ available, 0, in_use, 0,
                                            arena_at(LAB_ARENA_BYTES) };
}

void layout_offer(uint64_t from, uint64_t to)
{
    available[frames_layout.available_count++] =
        (struct region){ from, to, "available" };
}

void layout_use(uint64_t from, uint64_t to)
{
    in_use[frames_layout.in_use_count++] =
        (struct region){ from, to, "in use" };
}

/* The tables hold old entries after the last region; they do not count. */
static void leave_stale_regions(void)
{
    available[frames_layout.available_count] =
        (struct region){ 0, 1ull << 32, "stale" };
    in_use[frames_layout.in_use_count] =
        (struct region){ arena_at(0), arena_at(LAB_ARENA_BYTES), "stale" };
}

/* The layout of most tests: one piece, all available. */
void start_one_piece(void)
{
    layout_begin();
    layout_offer(arena_at(0), arena_at(PIECE));
    leave_stale_regions();
    lab_frames_start(&frames_layout);
}

/* Takes all there is; returns how many. */
uint32_t take_all_frames(void)
{
    uint32_t count = 0;

    while (count < MOST) {
        frames_taken[count] = lab_frame_alloc();
        if (frames_taken[count].number == FRAME_NONE.number)
            return count;
        count++;
    }
    return count;
}

void expect_frame_counts(uint32_t free, uint32_t used)
{
    LAB_EQUAL(frame_counts().free, free, "frame_counts().free");
    LAB_EQUAL(frame_counts().used, used, "frame_counts().used");
}

/* Started again, on less memory: what was handed out before is forgotten. */
void expect_fresh_start(void)
{
    uint32_t free;

    layout_begin();
    layout_offer(arena_at(16 * PAGE_BYTES), arena_at(80 * PAGE_BYTES));
    leave_stale_regions();
    lab_frames_start(&frames_layout);
    free = frame_counts().free;
    LAB_EXPECT(free >= 63 - 8 && free < 64, "of 64 frames %u are free", free);
    expect_frame_counts(free, 0);
    LAB_EQUAL(take_all_frames(), free, "frames handed out until FRAME_NONE");
    lab_expect_sound();
}

/* The last two frames, and one more. */
void expect_the_end(void)
{
    uint32_t end = (uint32_t)(arena_at(PIECE) / PAGE_BYTES);
    frame_t last_two = { end - 2 };

    start_one_piece();
    take_all_frames();
    LAB_EQUAL(lab_frame_free_run(last_two, 3), FRAME_OUT_OF_RANGE,
              "frame_free_run() of the last two frames and one more");
    LAB_EQUAL(lab_frame_free_run(last_two, 2), FRAME_OK,
              "frame_free_run() of the last two frames");
    LAB_EQUAL(frame_counts().free, 2, "frame_counts().free");
    LAB_EQUAL(lab_frame_alloc_run(2, 1).number, end - 2,
              "the only run of two frames");
    LAB_EQUAL(lab_frame_free((frame_t){ end - 1 }), FRAME_OK,
              "frame_free() of the last frame");
    LAB_EQUAL(lab_frame_alloc().number, end - 1, "the only free frame");
    lab_expect_sound();
}

/* A run over a frame that was never free. */
void expect_reserved_in_a_run(void)
{
    frame_t first = frame_of((phys_t){ (uint32_t)arena_at(0x20000) });
    uint32_t used;

    layout_begin();
    layout_offer(arena_at(0), arena_at(PIECE));
    layout_use(arena_at(0x20000), arena_at(0x21000));
    lab_frames_start(&frames_layout);
    take_all_frames();
    used = frame_counts().used;
    LAB_EQUAL(lab_frame_free_run((frame_t){ first.number - 2 }, 4),
              FRAME_NEVER_OURS, "frame_free_run() over a frame in use");
    LAB_EQUAL(frame_counts().used, used, "frame_counts().used");
    LAB_EQUAL(lab_frame_free_run((frame_t){ first.number + 1 }, 2), FRAME_OK,
              "frame_free_run() after a frame in use");
    LAB_EQUAL(frame_counts().used, used - 2, "frame_counts().used");
    lab_expect_sound();
}

void expect_constant_work(void)
{
    uint64_t few, many;

    layout_begin();
    layout_offer(arena_at(0), arena_at(LAB_ARENA_BYTES));
    lab_frames_start(&frames_layout);
    lab_frame_alloc();
    few = lab_frame_work();
    for (uint32_t i = 0; i < 8000; i++)
        LAB_EXPECT(lab_frame_alloc().number != 0, "no frame of 12,000");
    many = lab_frame_work();
    LAB_EXPECT(many < 4 * few,
               "with 8000 frames in use below, a frame takes %u times as long",
               (unsigned)((uint32_t)many / ((uint32_t)few | 1)));
}

/* The only frames that are left are above 3 GiB: one by one, each is handed out
 * and comes back. */
static void expect_high_frames(void)
{
    uint32_t count, high = 0;

    layout_begin();
    frames_layout.reach = 1ull << 32;
    layout_offer(arena_at(0), arena_at(PIECE));
    layout_offer(0xC0000000u, 0xC0008000u);
    lab_frames_start(&frames_layout);
    count = take_all_frames();
    for (uint32_t i = 0; i < count; i++)
        high += frames_taken[i].number >= 0xC0000u;
    LAB_EQUAL(high, 8, "frames above 3 GiB that frame_alloc() hands out");
    LAB_EQUAL(lab_frame_free((frame_t){ 0xC0005u }), FRAME_OK,
              "frame_free() of a frame above 3 GiB");
    LAB_EQUAL(lab_frame_alloc().number, 0xC0005u, "the only free frame");
    lab_expect_sound();
}

/* A long run with a free frame far from both of its ends: nothing is freed. */
static void expect_long_run_checked(frame_t run, uint32_t count)
{
    uint32_t free = frame_counts().free, half = count / 2;

    LAB_EQUAL(lab_frame_free((frame_t){ run.number + half }), FRAME_OK,
              "frame_free() inside a run");
    LAB_EQUAL(lab_frame_free_run(run, count), FRAME_ALREADY_FREE,
              "frame_free_run() of a run with a free frame in the middle");
    LAB_EQUAL(frame_counts().free, free + 1, "frame_counts().free");
    LAB_EQUAL(lab_frame_free_run(run, half), FRAME_OK, "its first half");
    run.number += half + 1;
    LAB_EQUAL(lab_frame_free_run(run, count - half - 1), FRAME_OK,
              "the rest of it");
}

/* 4 GiB: the bitmaps take many frames, and numbers come near 2^20.  The test
 * never writes to the memory above the arena. */
void expect_whole_machine(void)
{
    const uint32_t most = 0xFFFFu;
    frame_t run, last;
    uint32_t free;

    layout_begin();
    frames_layout.reach = 1ull << 32;
    layout_offer(1ull << 32, 2ull << 32); /* beyond all addresses */
    layout_offer(0xC0000000u, 3ull << 32);
    layout_offer(arena_at(0), arena_at(2 * PIECE));
    layout_use(0xF0000000u, 0xF0001000u);
    layout_use(5ull << 32, 6ull << 32);
    lab_frames_start(&frames_layout);
    LAB_EQUAL(frame_counts().total, 1u << 20, "frame_counts().total");
    free = frame_counts().free;
    run = lab_frame_alloc_run(4096, 4096);
    LAB_EXPECT(run.number >= 0xC0000u, "no run of 16 MiB above 3 GiB");
    LAB_EQUAL(lab_frame_free_run(run, 4096), FRAME_OK, "frame_free_run()");
    run = lab_frame_alloc_run(1, 1u << 18);
    LAB_EQUAL(run.number, 0xC0000u, "the only frame at a multiple of 1 GiB");
    LAB_EQUAL(lab_frame_free(run), FRAME_OK, "frame_free()");
    last = lab_frame_alloc_run(most, 1);
    LAB_EXPECT(last.number != 0, "no run of %u frames, up to 4 GiB", most);
    expect_frame_counts(free - most, most);
    expect_long_run_checked(last, most);
    LAB_EQUAL(lab_frame_free((frame_t){ 0xF0000u }), FRAME_NEVER_OURS,
              "frame_free() of a frame in use from the start");
    LAB_EQUAL(lab_frame_free((frame_t){ 1u << 20 }), FRAME_OUT_OF_RANGE,
              "frame_free() of the frame at 4 GiB");
    expect_frame_counts(free, 0);
    lab_expect_sound();
    expect_high_frames();
}
