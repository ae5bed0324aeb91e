/* SPDX-License-Identifier: MIT */
/* Calls of the window, and of a heap in it, on frames of the arena.
 *
 *     arena    | bitmaps | frames: to be had, or withheld by the test ... |
 *                            |
 *     window   | range 0 | range 1 | range 2 ...      8 MiB
 */
#include "mm/grow/window.h"
#include "labtest/common.h"
#include "labtest/soundness.h"
#include "lib/string.h"
#include "mm/grow/grow.h"

#define MOST_FRAMES  (LAB_ARENA_BYTES / PAGE_BYTES)
#define DIRTY_FRAMES 64u

static struct {
    frame_t frames[MOST_FRAMES];
    uint32_t count;
} * withheld;

static struct page_range window_range(void)
{
    return (struct page_range){ lab_places.window_begin,
                                lab_places.window_begin + LAB_WINDOW_BYTES };
}

uintptr_t lab_window_page(uint32_t i)
{
    return lab_places.window_begin + i * PAGE_BYTES;
}

void lab_leave_frames(uint32_t count)
{
    if (lab_side_playing())
        return;
    while (withheld->count > 0)
        frame_free(withheld->frames[--withheld->count]);
    while (frame_counts().free > count)
        withheld->frames[withheld->count++] = frame_alloc();
}

/* Fills the frames that come next: what is in a frame that is handed out is
 * arbitrary.  lab_leave_frames() keeps the low ones, so the arena's beginning
 * is not enough. */
static void window_dirty_frames(void)
{
    frame_t *frames = withheld->frames + withheld->count;
    uint32_t count = 0;

    while (count < DIRTY_FRAMES && (frames[count] = frame_alloc()).number != 0)
        memset(frame_to_virt(frames[count++]), 0xFF, PAGE_BYTES);
    while (count > 0)
        frame_free(frames[--count]);
}

/* The frame allocator of lab 1, over the arena. */
static void window_start_frames(uint32_t count)
{
    static struct region available;
    static struct memory_layout layout = { &available, 1, NULL, 0, 0 };
    uint64_t begin = lab_places.arena.addr;

    /* The first half of it is for the steps of a random test. */
    withheld = (void *)((uint8_t *)lab_scratch(LAB_SCRATCH_BYTES) +
                        LAB_SCRATCH_BYTES / 2);
    if (lab_side_playing())
        return;
    available = (struct region){ begin, begin + LAB_ARENA_BYTES, "available" };
    layout.reach = available.end;
    if (frames_init(&layout) == STAGE_NOT_WRITTEN)
        LAB_FAIL("lab 1, the frame allocator, is not written yet");
    lab_side_window_start(&layout);
    withheld->count = 0;
    lab_leave_frames(count);
    window_dirty_frames();
}

static enum window_result window_written(uint32_t result, const char *name)
{
    if (result == WINDOW_NOT_WRITTEN)
        LAB_FAIL("%s is not written yet", name);
    return (enum window_result)result;
}

enum window_result lab_window_open(uint32_t frames)
{
    window_start_frames(frames);
    return lab_window_open_again();
}

enum window_result lab_window_open_again(void)
{
    return lab_window_open_part(0, LAB_WINDOW_BYTES / PAGE_BYTES);
}

enum window_result lab_window_open_part(uint32_t first, uint32_t end)
{
    struct page_range range = { lab_window_page(first), lab_window_page(end) };
    struct lab_record record;

    record = lab_note(LAB_WINDOW_INIT, (uint32_t)range.begin,
                      (uint32_t)range.end, 0);
    if (!lab_side_played(&record))
        record.result = window_init(range.begin, range.end);
    lab_noted(&record, record.result);
    soundness_started();
    return window_written(record.result, "window_init");
}

void lab_window_place(unsigned index, uintptr_t page)
{
    if (!lab_side_playing())
        window_place(index, page);
}

enum window_result lab_window_move_end(unsigned index, uintptr_t end)
{
    struct lab_record record =
        lab_note(LAB_WINDOW_MOVE_END, index, (uint32_t)end, 0);

    if (!lab_side_played(&record))
        record.result = window_move_end(index, end);
    lab_noted(&record, record.result);
    return window_written(record.result, "window_move_end");
}

void lab_window_close(void)
{
    struct lab_record record = lab_note(LAB_WINDOW_CLOSE, 0, 0, 0);

    if (!lab_side_played(&record))
        window_close();
    lab_noted(&record, 0);
}

page_entry_t lab_window_entry(uintptr_t page)
{
    page_entry_t entry = 0;

    if (!lab_side_playing()) {
        page_entry_t above = kernel_directory()->entries[directory_index(page)];
        const struct page_table *table = NULL;

        if (entry_is(above, ENTRY_PRESENT))
            table = frame_to_virt(entry_frame(above));
        entry = table ? table->entries[table_index(page)] : 0;
    }
    lab_side_see(&entry, sizeof entry);
    return entry_is(entry, ENTRY_PRESENT) ? entry : 0;
}

bool lab_window_has_table(uintptr_t page)
{
    page_entry_t above = 0;

    if (!lab_side_playing())
        above = kernel_directory()->entries[directory_index(page)];
    lab_side_see(&above, sizeof above);
    return entry_is(above, ENTRY_PRESENT);
}

uint32_t lab_window_frames(void)
{
    uint32_t frames = lab_side_playing() ? 0 : window_frames();

    lab_side_see(&frames, sizeof frames);
    return frames;
}

/* With a static heap that is full from the start, so that every block of the
 * test is in the window. */
void lab_grow_start(uint32_t frames)
{
    struct page_range range = window_range(), payload = { 0, 0 };
    uintptr_t begin = lab_places.heap_begin, end = begin + 64 * 1024;
    struct lab_record record;

    window_start_frames(frames);
    record = lab_note(LAB_HEAP_START, (uint32_t)begin, (uint32_t)end, 0);
    if (!lab_side_played(&record)) {
        record.result = (uint32_t)grow_init(begin, end, range);
        heap_start(begin, end, &grow_backend);
        for (size_t bytes = 64 * 1024; bytes >= 8; bytes /= 2) {
            grow_limit(0);
            while (grow_alloc(bytes, HEAP_ALIGNMENT))
                continue;
        }
        grow_limit(SIZE_MAX);
        payload = grow_figures().window;
    }
    lab_noted(&record, record.result);
    lab_side_see(&payload, sizeof payload);
    live_blocks_start(payload.begin, payload.end);
    if (record.result == STAGE_NOT_WRITTEN)
        LAB_FAIL("window_init is not written yet");
    if (record.result == STAGE_PARTLY_WRITTEN)
        LAB_FAIL("window_move_end is not written yet");
    LAB_EXPECT(record.result == STAGE_OK, "the heap does not start");
    soundness_started();
}

void lab_grow_trim(void)
{
    if (!lab_side_playing())
        grow_trim();
}
