/* SPDX-License-Identifier: MIT */
/* Calls of the frame allocator, compared with the layout and with one bit a
 * frame: handed out or not.
 *
 * Only the allocator knows the place of its bitmaps, and their frames must
 * never be handed out.  So the first frames of the arena get a pattern before
 * the start.  A frame that has lost it belongs to the allocator.
 */
#include "labtest/common.h"
#include "labtest/soundness.h"
#include "lib/bitmap.h"
#include "lib/string.h"

#define MOST_FRAMES (1u << 20)
#define WATCHED     512u /* frames of the arena */
#define BLANK       0x6B

static const struct memory_layout *layout;
static struct bitmap handed_out;
static bool is_kept[WATCHED];

static uint8_t *watched(uint32_t i)
{
    return (uint8_t *)phys_to_virt(lab_places.arena) + i * PAGE_BYTES;
}

static void watch(void)
{
    memset(watched(0), BLANK, WATCHED * PAGE_BYTES);
}

static bool is_written(uint32_t i)
{
    uint32_t at = 0;

    while (at < PAGE_BYTES && watched(i)[at] == BLANK)
        at++;
    return at < PAGE_BYTES;
}

static void see_what_is_kept(void)
{
    for (uint32_t i = 0; i < WATCHED && !lab_side_playing(); i++)
        is_kept[i] = is_written(i);
    lab_side_see(is_kept, sizeof is_kept);
}

void lab_frames_start(const struct memory_layout *given)
{
    struct lab_record record =
        lab_note(LAB_FRAMES_START, (uint32_t)(uintptr_t)given, 0, 0);

    layout = given;
    handed_out = (struct bitmap){ lab_places.work, MOST_FRAMES };
    bitmap_clear_range(&handed_out, 0, MOST_FRAMES);
    if (!lab_side_played(&record)) {
        watch();
        record.result = (uint32_t)frames_init(given);
    }
    lab_noted(&record, record.result);
    see_what_is_kept();
    if (record.result == STAGE_NOT_WRITTEN)
        LAB_FAIL("frame_alloc is not written yet");
    soundness_started();
}

static bool overlaps(const struct region *region, uint64_t begin, uint64_t end)
{
    return region->begin < region->end && region->begin < end &&
           begin < region->end;
}

/* Whether the layout has all of a frame available, and none of it in use. */
bool lab_frame_is_offered(frame_t frame)
{
    uint64_t begin = (uint64_t)frame.number << PAGE_SHIFT,
             end = begin + PAGE_BYTES;
    bool offered = false;

    for (size_t i = 0; i < layout->available_count; i++)
        offered |= layout->available[i].begin <= begin &&
                   end <= layout->available[i].end;
    for (size_t i = 0; i < layout->in_use_count; i++)
        offered &= !overlaps(&layout->in_use[i], begin, end);
    return offered && end <= layout->reach && frame.number != 0;
}

bool lab_frame_is_kept(frame_t frame)
{
    uint32_t i = frame.number - frame_of(lab_places.arena).number;

    return i < WATCHED && is_kept[i];
}

static void accept(uint32_t frame)
{
    if (!lab_frame_is_offered((frame_t){ frame }))
        LAB_FAIL("frame %#x is handed out; the layout has it in use, or not "
                 "available",
                 frame);
    if (lab_frame_is_kept((frame_t){ frame }))
        LAB_FAIL("frame %#x is handed out, but the bitmaps lie in it", frame);
    if (bitmap_test(&handed_out, frame))
        LAB_FAIL("frame %#x is handed out a second time", frame);
    bitmap_set(&handed_out, frame);
}

static frame_t accept_run(frame_t first, uint32_t count, uint32_t align)
{
    if (first.number == FRAME_NOT_WRITTEN.number)
        LAB_FAIL("frame_alloc_run is not written yet");
    if (first.number == FRAME_NONE.number)
        return first;
    if (first.number % align != 0)
        LAB_FAIL("the run begins at frame %#x, no multiple of %u", first.number,
                 align);
    if (count > MOST_FRAMES || first.number > MOST_FRAMES - count)
        LAB_FAIL("frames %#x and on, beyond the end of memory", first.number);
    for (uint32_t i = 0; i < count; i++)
        accept(first.number + i);
    return first;
}

frame_t lab_frame_alloc(void)
{
    struct lab_record record = lab_note(LAB_FRAME_ALLOC, 1, 1, 0);
    frame_t frame = { lab_side_played(&record) ? record.result
                                               : frame_alloc().number };

    lab_noted(&record, frame.number);
    return accept_run(frame, 1, 1);
}

frame_t lab_frame_alloc_run(uint32_t count, uint32_t align)
{
    struct lab_record record = lab_note(LAB_FRAME_ALLOC_RUN, count, align, 0);
    frame_t first = { lab_side_played(&record)
                          ? record.result
                          : frame_alloc_run(count, align).number };

    lab_noted(&record, first.number);
    return accept_run(first, count, align);
}

static bool all_handed_out(frame_t first, uint32_t count)
{
    return count <= MOST_FRAMES && first.number <= MOST_FRAMES - count &&
           bitmap_all_set(&handed_out, first.number, count);
}

static enum frame_error accept_free(frame_t first, uint32_t count,
                                    enum frame_error error)
{
    bool right = all_handed_out(first, count);

    if (error == FRAME_NOT_WRITTEN_YET)
        LAB_FAIL("frame_free_run is not written yet");
    if (right && error != FRAME_OK)
        LAB_FAIL("freeing %u frames from %#x on is refused: %s", count,
                 first.number, frame_error_text(error));
    if (!right && error == FRAME_OK)
        LAB_FAIL("freeing %u frames from %#x on is accepted, but not all of "
                 "them were handed out",
                 count, first.number);
    if (right)
        bitmap_clear_range(&handed_out, first.number, count);
    return error;
}

enum frame_error lab_frame_free(frame_t frame)
{
    struct lab_record record = lab_note(LAB_FRAME_FREE, frame.number, 1, 0);
    enum frame_error error = lab_side_played(&record)
                                 ? (enum frame_error)record.result
                                 : frame_free(frame);

    lab_noted(&record, (uint32_t)error);
    return accept_free(frame, 1, error);
}

enum frame_error lab_frame_free_run(frame_t first, uint32_t count)
{
    struct lab_record record =
        lab_note(LAB_FRAME_FREE_RUN, first.number, count, 0);
    enum frame_error error = lab_side_played(&record)
                                 ? (enum frame_error)record.result
                                 : frame_free_run(first, count);

    lab_noted(&record, (uint32_t)error);
    return accept_free(first, count, error);
}

uint64_t lab_frame_work(void)
{
    uint64_t work = 0;

    if (!lab_side_playing()) {
        work = lab_side_work();
        frame_free(frame_alloc());
        work = lab_side_work() - work;
    }
    lab_side_see(&work, sizeof work);
    return work;
}

struct frame_counts lab_frame_counts(void)
{
    struct frame_counts counts = { 0 };

    if (!lab_side_playing())
        counts = frame_counts();
    lab_side_see(&counts, sizeof counts);
    return counts;
}
