/* SPDX-License-Identifier: MIT */
/* Frames, against a model with one byte a frame and no cleverness at all. */
#include "harness.h"
#include "layouts.h"

#include "lib/bitmap.h"
#include "lib/random.h"
#include "mm/frames/frames.h"
#include "mm/frames/frames_private.h"

#include <string.h>

#define PLAY_BYTES  (8 * MIB)
#define PLAY_FRAMES (PLAY_BYTES / PAGE_BYTES)

/* Whether the layout has frame `number` free, byte by byte of the rules. */
static bool model_is_free(uint64_t number)
{
    uint64_t begin = number * PAGE_BYTES, end = begin + PAGE_BYTES;
    bool is_free = false;

    for (size_t i = 0; i < layout.available_count; i++)
        is_free |= available[i].begin <= begin && end <= available[i].end;
    for (size_t i = 0; i < layout.in_use_count; i++)
        is_free &= in_use[i].end <= in_use[i].begin || in_use[i].end <= begin ||
                   end <= in_use[i].begin;
    return is_free && end <= layout.reach;
}

/* Every frame is in the state that the rules and the bitmaps' place ask for. */
static void check_fresh_states(void)
{
    uint32_t free_frames = 0, total = frame_counts().total;

    for (uint32_t i = 0; i < total; i++) {
        bool own = i == 0 || (frames.place.first <= i && i < frames.place.end);
        bool is_free = model_is_free(i) && !own;

        CHECK_EQ(frame_state((frame_t){ i }),
                 is_free ? FRAME_IS_FREE : FRAME_IS_RESERVED);
        free_frames += is_free;
    }
    CHECK_EQ(frame_state((frame_t){ total }), FRAME_IS_RESERVED);
    CHECK_EQ(frame_counts().free, free_frames);
    CHECK_EQ(frame_counts().used, 0);
    CHECK_EQ(frame_counts().reserved, total - free_frames);
    for (uint32_t i = frames.place.first; i < frames.place.end; i++)
        CHECK(i >= 256 && model_is_free(i));
}

/* Starting up. */

TEST(frames_count_what_the_layout_says)
{
    struct frame_counts counts;

    play_physical_memory(PLAY_BYTES);
    layout_begin(768 * MIB);
    add_available(0, 640 * KIB);
    add_available(MIB, PLAY_BYTES - 2 * PAGE_BYTES + 100);
    add_in_use(0, MIB);
    add_in_use(MIB, MIB + 10 * PAGE_BYTES + 1);
    CHECK_EQ(frames_init(&layout), STAGE_OK);
    CHECK_SOUND(frames_check());
    check_fresh_states();
    counts = frame_counts();
    CHECK_EQ(counts.total, 2046);
    CHECK_EQ(counts.reserved, 256 + 11 + 1); /* low, image, bitmaps */
    CHECK_EQ(counts.free, 2046 - 268);
    CHECK_EQ(counts.used, 0);
    CHECK_EQ(frames.place.first, 256 + 11);
    CHECK_EQ(frames.place.end, 256 + 12);
    CHECK_TEXT(printed_text(), "");
}

TEST(frames_bitmap_writes_only_into_its_place)
{
    unsigned char *memory = play_physical_memory(PLAY_BYTES);

    memset(memory, 0x5A, PLAY_BYTES);
    layout_begin(PLAY_BYTES);
    add_available(0, PLAY_BYTES);
    frames_init(&layout);
    CHECK_EQ(frames.place.first, 256);
    for (uint32_t i = 0; i < PLAY_BYTES; i++)
        CHECK(memory[i] == 0x5A || i / PAGE_BYTES == 256);
    while (frame_alloc().number != 0)
        continue;
    for (uint32_t i = 0; i < PLAY_BYTES; i++)
        CHECK(memory[i] == 0x5A || i / PAGE_BYTES == 256);
}

TEST(frames_unsorted_and_overlapping_regions)
{
    play_physical_memory(PLAY_BYTES);
    layout_begin(PLAY_BYTES);
    add_available(5 * MIB, 6 * MIB);
    add_available(MIB, 3 * MIB);
    add_available(2 * MIB, 4 * MIB);
    add_available(5 * MIB + 1, 5 * MIB + 2);
    add_in_use(2 * MIB - 1, 2 * MIB + 1);
    add_in_use(MIB, MIB + 1);
    add_in_use(5 * MIB + 100, 5 * MIB + 100);
    frames_init(&layout);
    CHECK_SOUND(frames_check());
    check_fresh_states();
    CHECK_EQ(frame_counts().total, 6 * MIB / PAGE_BYTES);
    CHECK_EQ(frame_counts().free, 4 * MIB / PAGE_BYTES - 4);
    CHECK_EQ(frame_state((frame_t){ 511 }), FRAME_IS_RESERVED);
    CHECK_EQ(frame_state((frame_t){ 512 }), FRAME_IS_RESERVED);
    CHECK_EQ(frame_state((frame_t){ 513 }), FRAME_IS_FREE);
    CHECK_EQ(frame_state((frame_t){ 1280 }), FRAME_IS_FREE);
}

TEST(frames_reversed_regions_are_named_and_ignored)
{
    play_physical_memory(PLAY_BYTES);
    layout_begin(PLAY_BYTES);
    add_available(MIB, 2 * MIB);
    add_available(6 * MIB, 5 * MIB);
    add_in_use(0x150000, 0x140000);
    frames_init(&layout);
    CHECK_TEXT(printed_text(),
               "frames: region \"available\" ignored: it ends at 0x500000, "
               "before it begins at 0x600000\n"
               "frames: region \"image\" ignored: it ends at 0x140000, "
               "before it begins at 0x150000\n");
    CHECK_SOUND(frames_check());
    check_fresh_states();
    CHECK_EQ(frame_counts().free, 255);
}

TEST(frames_reach_cuts)
{
    play_physical_memory(PLAY_BYTES);
    layout_begin(4 * MIB + 5000);
    add_available(0, UINT64_MAX);
    add_in_use(7 * MIB, UINT64_MAX);
    add_in_use(UINT64_MAX - 1, UINT64_MAX);
    frames_init(&layout);
    CHECK_SOUND(frames_check());
    check_fresh_states();
    CHECK_EQ(frame_counts().total, 1025);
}

TEST(frames_place_avoids_what_is_in_use_and_out_of_reach)
{
    play_physical_memory(2 * MIB);
    layout_begin(4 * GIB);
    add_available(0, MIB);                     /* too low */
    add_available(MIB, MIB + 20 * PAGE_BYTES); /* too small */
    add_available(MIB + 512 * KIB, 4 * GIB);
    add_in_use(MIB + 600 * KIB, MIB + 600 * KIB + 1); /* leaves too little */
    frames_init(&layout);
    CHECK_SOUND(frames_check());
    CHECK_EQ(frames.place.first, 256 + 151);
    CHECK_EQ(frames.place.end - frames.place.first, 64);
    add_in_use(MIB + 800 * KIB, 3 * MIB);
    CHECK_PANICS(frames_init(&layout)); /* the next free place is at 3 MiB */
    CHECK(strstr(panic_text(), "256 KiB") != NULL);
    CHECK(strstr(panic_text(), "1048576 frames") != NULL);
    in_use[1].begin = MIB + 610 * KIB;
    in_use[1].end = 2 * MIB - 63 * PAGE_BYTES; /* one frame too few to touch */
    CHECK_PANICS(frames_init(&layout));
    in_use[1].end -= PAGE_BYTES;
    frames_init(&layout);
    CHECK_SOUND(frames_check());
    CHECK_EQ(frames.place.end, 512);
}

TEST(frames_no_memory_at_all_is_said)
{
    play_physical_memory(PLAY_BYTES);
    layout_begin(768 * MIB);
    CHECK_PANICS(frames_init(&layout));
    CHECK(strstr(panic_text(), "no available memory below 0x30000000"));
    add_available(4 * GIB, 8 * GIB);
    add_available(100, 4095);
    CHECK_PANICS(frames_init(&layout));
    CHECK(strstr(panic_text(), "no available memory below 0x30000000"));
}

TEST(frames_4_gib)
{
    frame_t frame;

    play_physical_memory(4 * MIB);
    layout_begin(16 * GIB);
    add_available(4 * GIB, 5 * GIB);
    add_available(0, 640 * KIB);
    add_available(MIB, 3 * GIB);
    add_available(4 * GIB - 64 * KIB, 4 * GIB + 64 * KIB);
    add_in_use(MIB, 2 * MIB + 77);
    frames_init(&layout);
    CHECK_SOUND(frames_check());
    check_fresh_states();
    CHECK_EQ(frame_counts().total, 1u << 20);
    CHECK_EQ(frames.place.first, 513);
    frame = frame_alloc_run(16, 16);
    CHECK_EQ(frame.number, 16);
    frame = frame_alloc_run((3 * GIB - 2 * MIB) / PAGE_BYTES - 65, 1);
    CHECK_EQ(frame.number, 513 + 64);
    for (uint32_t i = 1; i < 16; i++)
        CHECK_EQ(frame_alloc().number, i);
    for (uint32_t i = 32; i < 160; i++)
        CHECK_EQ(frame_alloc().number, i);
    for (uint32_t i = 0xFFFF0; i <= 0xFFFFF; i++)
        CHECK_EQ(frame_alloc().number, i);
    CHECK_EQ(frame_alloc().number, 0);
    CHECK_SOUND(frames_check());
    CHECK_EQ(frame_free((frame_t){ 0xFFFFF }), FRAME_OK);
    CHECK_EQ(frame_free((frame_t){ 0x100000 }), FRAME_OUT_OF_RANGE);
    CHECK_EQ(frame_free_run((frame_t){ 0xFFFFE }, 2), FRAME_ALREADY_FREE);
    CHECK_EQ(frame_free_run((frame_t){ 0xFFFFE }, 3), FRAME_OUT_OF_RANGE);
    CHECK_EQ(frame_alloc().number, 0xFFFFF);
    CHECK_SOUND(frames_check());
}

/* Addresses that are round, nearly round, and beyond everything. */
static uint64_t random_address(struct random *random)
{
    uint64_t address = random_below(random, 10 * 256);

    address = address * 4096 + random_below(random, 3) - 1;
    switch (random_below(random, 12)) {
    case 0:
        return UINT64_MAX - random_below(random, 5000);
    case 1:
        return 4 * GIB + random_below(random, 3) - 1;
    case 2:
        return 0;
    default:
        return address;
    }
}

/* Whether one of the available regions has enough free frames in a row. */
static bool model_has_place(uint32_t total)
{
    uint32_t needed = bytes_to_pages(8 * ((total + 31) / 32));

    for (size_t r = 0; r < layout.available_count; r++) {
        uint32_t found = 0;

        for (uint64_t i = 256; i < PLAY_FRAMES && found < needed; i++) {
            bool inside = available[r].begin <= i * PAGE_BYTES &&
                          (i + 1) * PAGE_BYTES <= available[r].end;

            found = inside && model_is_free(i) ? found + 1 : 0;
        }
        if (needed > 0 && found == needed)
            return true;
    }
    return false;
}

static uint32_t model_total(void)
{
    uint32_t total = 0;

    for (uint32_t i = 0; i < 16 * MIB / PAGE_BYTES; i++) {
        uint64_t begin = i * 4096ull, end = begin + 4096;

        for (size_t r = 0; r < layout.available_count; r++) {
            if (available[r].begin <= begin && end <= available[r].end &&
                end <= layout.reach)
                total = i + 1;
        }
    }
    return total;
}

static void random_layout(struct random *random)
{
    layout_begin(random_below(random, 4) ? PLAY_BYTES : 16 * MIB);
    for (uint32_t i = random_below(random, MOST_REGIONS); i > 0; i--)
        add_available(random_address(random), random_address(random));
    for (uint32_t i = random_below(random, MOST_REGIONS + 1); i > 0; i--)
        add_in_use(random_address(random), random_address(random));
}

TEST(frames_random_layouts)
{
    static int started, refused; /* static: these survive longjmp */
    struct random random;

    random_seed(&random, test_seed(3));
    play_physical_memory(PLAY_BYTES);
    while (started + refused < 1000) {
        random_layout(&random);
        if (!model_has_place(model_total())) {
            refused++;
            CHECK_PANICS(frames_init(&layout));
            continue;
        }
        started++;
        frames_init(&layout);
        CHECK_EQ(frame_counts().total, model_total());
        CHECK_SOUND(frames_check());
        check_fresh_states();
        (void)printed_text();
    }
    CHECK(started > 300 && refused > 100);
}
