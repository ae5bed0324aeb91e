/* SPDX-License-Identifier: MIT */
/* The growing heap when there are not enough frames: at each possible step the
 * request ends with NULL, and nothing else has changed.
 */
#include "grow_machine.h"
#include "harness.h"
#include "model.h"

#include "lib/random.h"
#include "mm/armour/armour.h"
#include "mm/grow/grow_private.h"
#include "mm/grow/window_private.h"
#include "processor.h"

#include <string.h>

#define MOST_ENTRIES 2048u

/* Everything that a request could have changed. */
struct state {
    struct snapshot heap;
    struct frame_counts frames;
    struct page_window pages;
    page_entry_t entries[MOST_ENTRIES];
    struct heap_usage usage;
    struct arena arenas[2]; /* where their maps and lists are, and lists */
    /* Maps, heads and links of the static heap, and all payload in it. */
    uint8_t static_heap[GROW_STATIC_BYTES];
    /* The same of the window. */
    uint8_t window[MOST_ENTRIES * 64];
    size_t window_bytes;
};

static struct state before, after;

static void *live[64];
static size_t live_count;

/* But for the count of sweeps, which may differ. */
static void take_arena(struct arena *taken, const struct arena *arena)
{
    *taken = *arena;
    taken->sweeps = 0;
}

static void take_range(struct state *state, const struct page_range *range)
{
    size_t bytes = range->end - range->begin;

    CHECK(state->window_bytes + bytes <= sizeof state->window);
    memcpy(state->window + state->window_bytes, (const void *)range->begin,
           bytes);
    state->window_bytes += bytes;
}

static void state_take(struct state *state)
{
    const struct page_window *pages = window_pages();
    uintptr_t page = pages->all.begin;

    memset(state, 0, sizeof *state);
    snapshot_take(&grow_backend, &state->heap);
    state->frames = frame_counts();
    state->pages = *pages;
    for (uint32_t i = 0; i < MOST_ENTRIES; i++, page += PAGE_BYTES)
        state->entries[i] = processor_walk(kernel_directory(), page);
    state->usage = grow_usage();
    take_arena(&state->arenas[0], &armour_arena);
    take_arena(&state->arenas[1], &grow.arena);
    memcpy(state->static_heap, (const void *)grow_static_begin(),
           GROW_STATIC_BYTES);
    for (size_t i = 0; i < WINDOW_RANGES; i++)
        take_range(state, &pages->mapped[i]);
}

static void states_expect_equal(void)
{
    CHECK(snapshot_equal(&before.heap, &after.heap));
    CHECK(memcmp(&before.frames, &after.frames, sizeof before.frames) == 0);
    CHECK(memcmp(&before.pages, &after.pages, sizeof before.pages) == 0);
    CHECK(memcmp(before.entries, after.entries, sizeof before.entries) == 0);
    CHECK(memcmp(&before.usage, &after.usage, sizeof before.usage) == 0);
    CHECK(memcmp(before.arenas, after.arenas, sizeof before.arenas) == 0);
    CHECK(memcmp(before.static_heap, after.static_heap,
                 sizeof before.static_heap) == 0);
    CHECK_EQ(before.window_bytes, after.window_bytes);
    CHECK(memcmp(before.window, after.window, sizeof before.window) == 0);
}

/* A static heap that is full of `live` blocks, each filled with its number. */
static void start_full(void)
{
    grow_machine_start();
    live_count = 0;
    while (live_count < 20) {
        size_t bytes = 100 + live_count * 150;

        live[live_count] = grow_alloc(bytes, HEAP_ALIGNMENT);
        memset(live[live_count], (int)live_count, bytes);
        live_count++;
    }
    grow_fill_static();
    arena_sweep(&armour_arena); /* what a request does before it fails */
}

static void live_expect_untouched(void)
{
    for (size_t i = 0; i < live_count; i++) {
        const uint8_t *bytes = live[i];

        for (size_t at = 0; at < 100 + i * 150; at++)
            CHECK_EQ(bytes[at], i);
    }
}

/* One request, with frames for `frames` requests of the frame allocator and no
 * more.  Whether it was served. */
static bool try_with(uint32_t frames, size_t bytes, size_t alignment)
{
    void *payload;

    mmu_leave_frames(frames);
    state_take(&before);
    payload = grow_alloc(bytes, alignment);
    if (payload) {
        memset(payload, 0xA5, bytes);
        CHECK_EQ(grow_free(payload), HEAP_OK);
    } else {
        state_take(&after);
        states_expect_equal();
    }
    grow_expect_sound();
    live_expect_untouched();
    if (payload)
        grow_trim();
    return payload != NULL;
}

/* As many frames as the request needs are enough, and fewer never are. */
static void fail_each_frame(size_t bytes, size_t alignment, uint32_t needed)
{
    start_full();
    for (uint32_t frames = 0; frames <= 200; frames++)
        CHECK_EQ(try_with(frames, bytes, alignment), frames >= needed);
}

/* Two pages of maps, one of heads, and those of the payload. */

TEST(grow_fails_at_each_frame_small_request)
{
    fail_each_frame(1000, HEAP_ALIGNMENT, 4);
}

TEST(grow_fails_at_each_frame_large_request)
{
    fail_each_frame(300000, HEAP_ALIGNMENT, 2 * 2 + 1 + 74);
}

TEST(grow_fails_at_each_frame_aligned_request)
{
    fail_each_frame(100000, 65536, 2 + 1 + 41);
}

TEST(grow_fails_at_each_frame_of_a_growth)
{
    start_full();
    CHECK(grow_alloc(20000, HEAP_ALIGNMENT));
    for (uint32_t frames = 0; frames <= 200; frames++) {
        void *payload;

        mmu_leave_frames(frames);
        state_take(&before);
        payload = grow_alloc(700000, HEAP_ALIGNMENT);
        CHECK_EQ(payload != NULL, frames >= 175);
        if (payload) {
            CHECK_EQ(grow_free(payload), HEAP_OK);
        } else {
            state_take(&after);
            states_expect_equal();
        }
        grow_expect_sound();
        live_expect_untouched();
        if (payload)
            break;
    }
}

TEST(grow_fails_at_each_frame_of_a_resize)
{
    uint8_t *payload;

    start_full();
    payload = grow_alloc(16384, HEAP_ALIGNMENT);
    CHECK(payload);
    for (uint32_t frames = 0;; frames++) {
        bool grown;

        mmu_leave_frames(frames);
        state_take(&before);
        grown = grow_resize(payload, 400000);
        grow_expect_sound();
        if (grown)
            break;
        state_take(&after);
        states_expect_equal();
        CHECK(frames < 200);
    }
    CHECK(grow_size(payload) >= 400000);
}

/* Until no frame is left: every block is its own and keeps its contents. */
TEST(grow_until_memory_is_full)
{
    static uint8_t *blocks[4096];
    size_t count = 0;
    uint32_t free_before, sum = 0;

    start_full();
    free_before = frame_counts().free;
    mmu_leave_frames(500);
    while ((blocks[count] = grow_alloc(1000, HEAP_ALIGNMENT)) != NULL) {
        memset(blocks[count], (int)(count & 0xFF), 1000);
        count++;
    }
    CHECK_EQ(frame_counts().free, 0);
    CHECK(count * 1000 > 475 * 4096); /* what is held is used */
    expect_no_room(&grow_backend, 1000, HEAP_ALIGNMENT);
    expect_no_room(&grow_backend, HEAP_REQUEST_MAX, HEAP_ALIGNMENT);
    expect_no_room(&grow_backend, HEAP_REQUEST_MAX, 1u << 31);
    for (size_t i = 0; i < count; i++) {
        for (size_t at = 0; at < 1000; at++)
            sum += blocks[i][at] != (i & 0xFF);
        CHECK_EQ(grow_free(blocks[i]), HEAP_OK);
    }
    CHECK_EQ(sum, 0);
    grow_trim();
    mmu_leave_frames(UINT32_MAX);
    CHECK_EQ(frame_counts().free, free_before);
    grow_expect_sound();
    live_expect_untouched();
}

/* More than the window has addresses for. */
TEST(grow_until_the_window_is_full)
{
    struct page_range range;
    size_t most;

    start_full();
    range = grow_figures().window;
    most = range.end - range.begin;
    expect_no_room(&grow_backend, most + 1, HEAP_ALIGNMENT);
    CHECK_EQ(grow_figures().held_bytes, 0);
    CHECK(grow_alloc(most, HEAP_ALIGNMENT));
    grow_expect_sound();
    CHECK(mmu_faults(range.end));
    expect_no_room(&grow_backend, 100000, HEAP_ALIGNMENT);
}

/* Cached blocks are released before a request fails. */
TEST(grow_sweeps_before_it_fails)
{
    void *small[400];

    grow_machine_start();
    grow_limit(0);
    for (size_t i = 0; i < 400; i++)
        small[i] = grow_alloc(8 + i % 16 * 8, HEAP_ALIGNMENT);
    grow_fill_static();
    for (size_t i = 0; i < 400; i++)
        CHECK_EQ(grow_free(small[i]), HEAP_OK);
    CHECK(grow_alloc(20000, HEAP_ALIGNMENT));
    CHECK(armour_arena.sweeps > 0);
    grow_expect_sound();
}

TEST(grow_limit_holds)
{
    grow_machine_start();
    grow_limit(0);
    grow_fill_static();
    expect_no_room(&grow_backend, 8, HEAP_ALIGNMENT);
    grow_limit(3 * PAGE_BYTES + 100); /* two maps and a page of heads */
    expect_no_room(&grow_backend, 8, HEAP_ALIGNMENT);
    grow_limit(100000);
    CHECK(!grow_alloc(24 * PAGE_BYTES - 3 * PAGE_BYTES + 1, HEAP_ALIGNMENT));
    CHECK(grow_alloc(24 * PAGE_BYTES - 3 * PAGE_BYTES, HEAP_ALIGNMENT));
    expect_no_room(&grow_backend, 8, HEAP_ALIGNMENT);
    CHECK_EQ(grow_figures().held_bytes, 24 * PAGE_BYTES);
}

/* Every limit is used as far as whole pages go, and never exceeded. */
TEST(grow_limit_is_exact)
{
    grow_machine_start();
    grow_fill_static();
    for (size_t pages = 4; pages < 900; pages += 13) {
        size_t most;

        grow_limit(pages * PAGE_BYTES);
        most = granule_bytes(grow.limit);
        CHECK(grow_alloc(most, HEAP_ALIGNMENT));
        CHECK(grow_figures().held_bytes <= pages * PAGE_BYTES);
        CHECK(grow_figures().held_bytes + 2 * PAGE_BYTES >= pages * PAGE_BYTES);
        grow_machine_restart();
        grow_fill_static();
    }
}

TEST(grow_without_frames_for_tables_does_not_start)
{
    struct page_range range = mmu_start(16u << 20, 8u << 20);

    mmu_leave_frames(1);
    CHECK_EQ(grow_init(grow_static_begin(),
                       grow_static_begin() + GROW_STATIC_BYTES, range),
             STAGE_BROKEN);
    CHECK_TEXT(printed_text(), "grow: no frames for 2 page tables\n");
    CHECK_EQ(frame_counts().free, 1);
}

/* Frames come and go while the model runs. */
static void start_short(void)
{
    static uint32_t seed;
    struct random random;

    random_seed(&random, test_seed(0) + seed++);
    mmu_leave_frames(UINT32_MAX);
    grow_machine_restart();
    mmu_leave_frames(random_below(&random, 60));
}

TEST(grow_behaves_as_the_model_short_of_frames)
{
    struct model model = {
        .backend = &grow_backend,
        .start = start_short,
        .largest_request = 30000,
        .largest_alignment = 4096,
        .steps = 800,
        .begin = 0x1000,
        .end = UINTPTR_MAX,
    };

    grow_machine_start();
    model_run(&model, 6);
    CHECK_SOUND(paging_check());
}

/* The checker. */

TEST(grow_check_names_what_is_broken)
{
    start_full();
    CHECK(grow_alloc(5000, HEAP_ALIGNMENT));
    grow.arena.length.count += 8;
    expect_violation(&grow_backend, "G1");
    grow.arena.length.count -= 8;
    grow.arena.starts += PAGE_BYTES;
    expect_violation(&grow_backend, "G1");
    grow.arena.starts -= PAGE_BYTES;
    grow.most.count = 100;
    expect_violation(&grow_backend, "G3");
    grow.most = grow.limit;
    armour_arena.below_peak += 8;
    expect_violation(&grow_backend, "A3");
    armour_arena.below_peak -= 8;
    grow.arena.frees--;
    expect_violation(&grow_backend, "A3");
    grow.arena.frees++;
    window.frames++;
    expect_violation(&grow_backend, "W4");
    window.frames--;
    grow_expect_sound();
    grow_machine_start();
    window_move_end(0, window_pages()->mapped[0].end + PAGE_BYTES);
    expect_violation(&grow_backend, "G2");
}
