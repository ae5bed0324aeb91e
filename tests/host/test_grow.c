/* SPDX-License-Identifier: MIT */
/* The growing heap, on a machine whose page tables work: what is not mapped
 * faults.  Here is what it promises; running out is in test_grow_limits.c.
 */
#include "grow_machine.h"
#include "harness.h"
#include "model.h"

#include "mm/armour/armour.h"
#include "mm/grow/grow_private.h"

#include <string.h>

static struct snapshot shot;

static void *alloc(size_t bytes)
{
    void *payload = grow_alloc(bytes, HEAP_ALIGNMENT);

    CHECK(payload);
    return payload;
}

static void release(void *payload)
{
    CHECK_EQ(grow_free(payload), HEAP_OK);
    grow_expect_sound();
}

static bool in_window(const void *payload)
{
    struct page_range range = grow_figures().window;

    return (uintptr_t)payload >= range.begin && (uintptr_t)payload < range.end;
}

static uint32_t hash_of(const uint8_t *bytes, size_t count)
{
    uint32_t hash = 2166136261u;

    while (count-- > 0)
        hash = (hash ^ *bytes++) * 16777619u;
    return hash;
}

TEST(grow_serves_from_the_static_heap_while_it_can)
{
    size_t payload;
    uint32_t used;

    grow_machine_start();
    used = frame_counts().used;
    payload = armour_arena.end - armour_arena.base;
    CHECK(!in_window(alloc(payload)));
    CHECK_EQ(grow_figures().held_bytes, 0);
    CHECK_EQ(frame_counts().used, used);
    CHECK(in_window(alloc(1)));
    CHECK(grow_figures().held_bytes > 0);
    CHECK_EQ(grow_usage().used_bytes, payload + 8);
    CHECK_EQ(grow_usage().used_blocks, 2);
    CHECK_EQ(armour_arena.sweeps, 0);
    grow_expect_sound();
}

/* 6 MiB in mixed sizes; the static heap's blocks stay what and where they
 * were, and in the end every frame is back. */
TEST(grow_by_megabytes_and_back)
{
    static uint8_t *blocks[8192];
    static uint32_t hashes[8192];
    static size_t sizes[8192];
    size_t count = 0, bytes = 0, before;

    grow_machine_start();
    before = frame_counts().free;
    while (bytes < (6u << 20)) {
        sizes[count] = 8 + (count * 2654435761u >> 7) % 3000;
        blocks[count] = alloc(sizes[count]);
        memset(blocks[count], (int)count, sizes[count]);
        hashes[count] = hash_of(blocks[count], sizes[count]);
        bytes += sizes[count++];
    }
    grow_expect_sound();
    CHECK(!in_window(blocks[0]) && in_window(blocks[count - 1]));
    /* A step is at most 1 MiB, and doubles up to there. */
    CHECK(grow_figures().grown <= 6 + 6);
    for (size_t i = 0; i < count; i++)
        CHECK_EQ(hash_of(blocks[i], sizes[i]), hashes[i]);
    for (size_t i = 0; i < count; i++) {
        size_t at = i * 7919 % count; /* a prime: each once, in no order */

        CHECK_EQ(hash_of(blocks[at], sizes[at]), hashes[at]);
        CHECK_EQ(grow_free(blocks[at]), HEAP_OK);
    }
    grow_expect_sound();
    CHECK_EQ(grow_usage().used_blocks, 0);
    CHECK(grow_figures().held_bytes <= 2 * GROW_STEP_MAX + 4 * PAGE_BYTES);
    CHECK(grow_figures().trimmed > 0);
    grow_trim();
    grow_expect_sound();
    CHECK_EQ(grow_figures().held_bytes, 0);
    CHECK_EQ(frame_counts().free, before);
}

TEST(grow_page_after_the_end_faults)
{
    grow_machine_start();
    grow_fill_static();
    alloc(100);
    CHECK(!mmu_faults(grow.arena.end - 1));
    CHECK(mmu_faults(grow.arena.end));
    CHECK(mmu_faults(grow.arena.begin - 1));
    alloc(200000);
    CHECK(!mmu_faults(grow.arena.end - 1));
    CHECK(mmu_faults(grow.arena.end));
}

TEST(grow_one_request_larger_than_any_step)
{
    uint8_t *payload;

    grow_machine_start();
    payload = alloc(5u << 20);
    CHECK(in_window(payload));
    CHECK_EQ(grow_figures().grown, 1);
    memset(payload, 0x77, 5u << 20);
    grow_expect_sound();
    release(payload);
    CHECK(grow_figures().held_bytes <= 2 * GROW_STEP_MAX + 4 * PAGE_BYTES);
}

TEST(grow_aligned)
{
    grow_machine_start();
    grow_fill_static();
    for (size_t alignment = 8; alignment <= (1u << 20); alignment *= 2) {
        void *payload = grow_alloc(24, alignment);

        CHECK(in_window(payload));
        CHECK_EQ((uintptr_t)payload % alignment, 0);
        CHECK_EQ(grow_size(payload), 24);
        grow_expect_sound();
    }
}

TEST(grow_free_names_what_is_wrong)
{
    uint8_t *a, *b;

    grow_machine_start();
    grow_fill_static();
    a = alloc(3000);
    b = alloc(40);
    expect_refused(&grow_backend, a + 8, HEAP_INTERIOR);
    expect_refused(&grow_backend, a + 4, HEAP_MISALIGNED);
    expect_refused(&grow_backend, (void *)grow.arena.end, HEAP_FOREIGN);
    expect_refused(&grow_backend, (void *)grow.arena.begin, HEAP_FOREIGN);
    expect_refused(&grow_backend, &a, HEAP_FOREIGN);
    release(a);
    expect_refused(&grow_backend, a, HEAP_ALREADY_FREE);
    release(b);
    expect_refused(&grow_backend, b, HEAP_ALREADY_FREE);
    grow_trim();
    expect_refused(&grow_backend, b, HEAP_FOREIGN);
}

TEST(grow_resizes_in_place_at_the_end)
{
    uint8_t *payload;
    uintptr_t end;

    grow_machine_start();
    grow_fill_static();
    payload = alloc(40000);
    memset(payload, 0x33, 40000);
    end = grow.arena.end;
    for (size_t bytes = 50000; bytes <= 3000000; bytes += 50000) {
        CHECK(grow_resize(payload, bytes));
        CHECK(grow_size(payload) >= bytes);
        payload[bytes - 1] = 1;
        grow_expect_sound();
    }
    CHECK(grow.arena.end > end);
    for (size_t i = 0; i < 40000; i++)
        CHECK_EQ(payload[i], 0x33);
    CHECK(grow_resize(payload, 8));
    CHECK_EQ(grow_size(payload), 8);
    CHECK_EQ(grow_usage().used_bytes, grow_static_bytes() + 8);
    grow_expect_sound();
    CHECK(!grow_resize(payload, HEAP_REQUEST_MAX));
}

/* Cached blocks are not released while there are frames. */
TEST(grow_before_a_sweep)
{
    void *blocks[3];

    grow_machine_start();
    for (int i = 0; i < 3; i++)
        blocks[i] = alloc(100);
    grow_fill_static();
    release(blocks[0]);
    CHECK(in_window(alloc(50000)));
    CHECK_EQ(armour_arena.sweeps, 0);
    CHECK_SAME(alloc(100), blocks[0]);
}

TEST(grow_does_not_flutter_at_the_end)
{
    static const size_t sizes[] = { 8, 100, 5000, 100000, 1000000 };

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint32_t grown;

        grow_machine_start();
        grow_fill_static();
        alloc(8);
        release(alloc(sizes[i]));
        grown = grow_figures().grown;
        for (int round = 0; round < 50; round++)
            release(alloc(sizes[i]));
        CHECK_EQ(grow_figures().grown, grown);
    }
}

/* To and fro: memory past the end leaves no trace when it comes again.
 * Each round needs more than the longest tail that is kept. */
TEST(grow_and_shrink_in_turns)
{
    static void *blocks[60];
    uint32_t trimmed = 0;

    grow_machine_start();
    grow_fill_static();
    alloc(8);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 60; i++)
            blocks[i] = alloc(3000 + (i * 2654435761u >> 16) % 120000);
        grow_expect_sound();
        for (size_t i = 60; i-- > 0;)
            release(blocks[i]);
        CHECK(grow_figures().trimmed > trimmed);
        trimmed = grow_figures().trimmed;
    }
}

/* Free memory at the end already counts: only the rest needs frames. */
TEST(grow_by_no_more_than_is_missing)
{
    size_t tail;

    grow_machine_start();
    grow_fill_static();
    alloc(5000);
    tail = granule_bytes(run_length(grow.arena.wilderness));
    CHECK_EQ(grow.arena.wilderness.end.number, grow.arena.length.count);
    mmu_leave_frames(3);
    alloc(tail + 3 * PAGE_BYTES);
    CHECK_EQ(frame_counts().free, 0);
    grow_expect_sound();
}

/* New pages are used last, whatever else is free. */
TEST(grow_makes_the_end_the_wilderness)
{
    grow_machine_start();
    grow_fill_static();
    for (size_t bytes = 3000; bytes < 400000; bytes *= 2) {
        uint32_t granules = grow.arena.length.count;

        while (grow.arena.length.count == granules)
            alloc(bytes);
        CHECK_EQ(grow.arena.wilderness.end.number, grow.arena.length.count);
    }
}

TEST(grow_walk_tells_all_of_it)
{
    size_t bytes = 0;

    grow_machine_start();
    grow_fill_static();
    alloc(1000);
    snapshot_take(&grow_backend, &shot);
    for (size_t i = 0; i < shot.count; i++) {
        if (i > 0)
            CHECK(shot.blocks[i].address > shot.blocks[i - 1].address ||
                  in_window((void *)shot.blocks[i].address));
        bytes += shot.blocks[i].bytes;
    }
    CHECK_EQ(bytes, GROW_STATIC_BYTES + grow_figures().held_bytes);
}

TEST(grow_starts_again_empty)
{
    grow_machine_start();
    grow_fill_static();
    alloc(300000);
    grow_machine_restart();
    CHECK_EQ(grow_figures().held_bytes, 0);
    CHECK_EQ(grow_usage().used_blocks, 0);
    grow_expect_sound();
    CHECK(!in_window(alloc(8)));
}

TEST(grow_window_is_sized_by_memory)
{
    const uintptr_t begin = 0xF0000000u, end = 0xFFC00000u;
    struct page_range window = grow_window_for(begin, end, 0);

    CHECK_EQ(window.end - window.begin, 4u << 20);
    window = grow_window_for(begin, end, 1024);
    CHECK_EQ(window.end - window.begin, 8u << 20);
    window = grow_window_for(begin, end, 32768);
    CHECK_EQ(window.end - window.begin, 136u << 20);
    window = grow_window_for(begin, end, 196608);
    CHECK_EQ(window.end, end);
    window = grow_window_for(begin, end, 1u << 20);
    CHECK_EQ(window.end, end);
}

TEST(grow_behaves_as_the_model)
{
    struct model model = {
        .backend = &grow_backend,
        .start = grow_machine_restart,
        .largest_request = 30000,
        .largest_alignment = 8192,
        .steps = 1200,
    };

    grow_machine_start();
    model.begin = grow_static_begin();
    model.end = model.begin + GROW_STATIC_BYTES;
    if (grow_figures().window.begin < model.begin)
        model.begin = grow_figures().window.begin;
    if (grow_figures().window.end > model.end)
        model.end = grow_figures().window.end;
    model_run(&model, 4);
    CHECK_SOUND(paging_check());
}

/* With the calls that it borrows from armour, and those that only it has. */
TEST(grow_under_the_kmalloc_layer)
{
    struct heap_stats before;
    uint8_t *last;

    grow_machine_start();
    heap_start(grow_static_begin(), grow_static_begin() + GROW_STATIC_BYTES,
               &grow_backend);
    CHECK(kmalloc(grow_static_bytes()));
    last = kmalloc(1000);
    CHECK(in_window(last));
    CHECK(krealloc(last, 100000) == last); /* stays, and the window grows */
    CHECK_EQ(kmalloc_size(last), 100000);
    before = heap_stats();
    grow_limit(0);
    CHECK(kmalloc(1u << 20) == NULL);
    CHECK(krealloc(last, 1u << 20) == NULL);
    CHECK_EQ(heap_stats().failures, before.failures + 2);
    CHECK_EQ(kfree(last), HEAP_OK);
    CHECK_EQ(heap_stats().frees, before.frees + 1);
    CHECK_SOUND(heap_check());
}
