/* SPDX-License-Identifier: MIT */
/* Physical memory in frames of 4 KiB, two bits for each frame.
 *
 *     0        1 MiB                                        last available
 *     |xxxxxxxx|xxxxxxxxxxx|xxxxxxxx|.......xx...x.........|
 *      firmware kernel image bitmaps  free and used frames
 *      \______ reserved ___________/
 *
 * The bitmaps cover every frame from 0 to the end of the highest available
 * memory.  Their size is known only after the machine has booted, so they go
 * into the first available memory that is large enough for them.
 *
 * I1: every frame is free, used or reserved (frames_private.h has the bits).
 * I2: a frame is reserved if and only if it is frame 0, or holds the bitmaps,
 *     or is not wholly available in the layout, or is in use there.
 * I3: the counters say what the bitmaps say.
 * I4: no frame below lowest_free is free.
 * I5: the bitmaps are in their place, which is free in the layout.
 * I6: the last frame is the highest that the layout has available.
 *
 * frame_alloc() hands out the lowest free frame.  That keeps high memory in one
 * piece for runs.  lowest_free makes it cheap: when memory is full, no search
 * is needed to find that out.
 *
 * Weak points: after a low frame was freed and allocated again, the next search
 * walks over all busy frames above it.  A search for a run always starts at the
 * bottom.
 */
#include "mm/frames/frames.h"

#include "lib/bitmap.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "mm/frames/frames_private.h"

/* Addresses are 32 bits wide, whatever the firmware reports beyond. */
#define MOST_REACH (1ull << 32)

/* Firmware and old hardware use memory below this without reporting it. */
#define LOWEST_PLACE (1u << 20)

struct frames frames;

/* From regions, in bytes, to ranges of frames. */

/* The frames between two page borders; an empty range if they cross. */
static struct frame_range frames_between(uint64_t begin, uint64_t end)
{
    ASSERT_EQ(begin % PAGE_BYTES, 0);
    ASSERT_EQ(end % PAGE_BYTES, 0);
    if (begin >= end)
        return (struct frame_range){ 0, 0 };
    ASSERT(end <= MOST_REACH);
    return (struct frame_range){ (uint32_t)(begin >> PAGE_SHIFT),
                                 (uint32_t)(end >> PAGE_SHIFT) };
}

/* Available memory is rounded inwards: a part of a frame cannot be handed
 * out. */
static struct frame_range frames_within(const struct region *region,
                                        uint64_t reach)
{
    uint64_t end = least(region->end, least(reach, MOST_REACH));

    return frames_between(page_up(region->begin), page_down(end));
}

/* Memory in use is rounded outwards: a frame is in use if a byte of it is. */
static struct frame_range frames_touched(const struct region *region)
{
    uint64_t end = least(region->end, MOST_REACH);

    if (region->begin >= end)
        return (struct frame_range){ 0, 0 };
    return frames_between(page_down(region->begin), page_up(end));
}

/* Prints the regions that end before they begin; the two functions above ignore
 * such regions. */
static void report_reversed(const struct region *regions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (regions[i].end < regions[i].begin)
            print("frames: region \"%s\" ignored: it ends at %#llx, before it "
                  "begins at %#llx\n",
                  regions[i].name, (unsigned long long)regions[i].end,
                  (unsigned long long)regions[i].begin);
    }
}

/* Starting up. */

/* The end of the highest frame that is available: how many bits we need. */
static uint32_t count_frames(const struct memory_layout *layout)
{
    uint32_t end = 0;

    for (size_t i = 0; i < layout->available_count; i++) {
        struct frame_range range =
            frames_within(&layout->available[i], layout->reach);

        if (range.end > end)
            end = range.end;
    }
    return end;
}

/* Finds memory for the bitmaps of `total` frames.  It searches the layout,
 * because there are no bitmaps yet that say which frames are free. */
static void place_bitmaps(const struct memory_layout *layout, uint32_t total)
{
    uint32_t words = (uint32_t)bitmap_word_count(total);
    uint32_t bytes =
        bytes_to_pages(2 * words * (uint32_t)sizeof(uint32_t)) * PAGE_BYTES;
    uint64_t begin = layout_find_room(layout, LOWEST_PLACE, bytes);
    uint32_t *place;

    ASSERT(total > 0);
    if (begin > direct_map.bytes || bytes > direct_map.bytes - begin)
        panic("frames: no %u KiB in a row for the bitmaps of %u frames",
              bytes / 1024, total);
    frames.place = frames_between(begin, begin + bytes);
    place = phys_to_virt((phys_t){ (uint32_t)begin });
    frames.busy = (struct bitmap){ place, total };
    frames.reserved = (struct bitmap){ place + words, total };
}

/* Makes the frames of `range` reserved.  The range may begin or end beyond the
 * last frame that has bits; that part is ignored. */
static void reserve(struct frame_range range)
{
    /* LAB 1 BEGIN */
    range.end = (uint32_t)least(range.end, frames.busy.bits);
    if (range.first >= range.end)
        return;
    bitmap_set_range(&frames.busy, range.first, range.end - range.first);
    bitmap_set_range(&frames.reserved, range.first, range.end - range.first);
    /* LAB 1 END */
}

/* Makes the frames of `range` free, whatever their bits were before. */
static void offer(struct frame_range range)
{
    /* LAB 1 BEGIN */
    bitmap_clear_range(&frames.busy, range.first, range.end - range.first);
    bitmap_clear_range(&frames.reserved, range.first, range.end - range.first);
    /* LAB 1 END */
}

/* Gives every frame its first state; the bitmaps hold random bits before.  The
 * order makes "in use" win: first all frames are reserved, then available
 * memory becomes free, then memory in use becomes reserved again. */
static void mark_frames(const struct memory_layout *layout)
{
    /* LAB 1 BEGIN */
    reserve((struct frame_range){ 0, (uint32_t)frames.busy.bits });
    for (size_t i = 0; i < layout->available_count; i++)
        offer(frames_within(&layout->available[i], layout->reach));
    for (size_t i = 0; i < layout->in_use_count; i++)
        reserve(frames_touched(&layout->in_use[i]));
    reserve((struct frame_range){ 0, 1 });
    reserve(frames.place);
    /* LAB 1 END */
}

/* Sets the bitmaps and the counters from the layout; no frame is used then. */
static void start_from(const struct memory_layout *layout, uint32_t total)
{
    ASSERT_EQ(frames.busy.bits, total);
    ASSERT_EQ(frames.reserved.bits, total);
    mark_frames(layout);
    frames.lowest_free = 0;
    frames.counts = (struct frame_counts){ .total = total };
    frames.counts.reserved = (uint32_t)bitmap_count(&frames.reserved);
    frames.counts.free = total - frames.counts.reserved;
}

/* Allocates a frame and a run and frees them.  Finds out whether a student has
 * written these functions: an unwritten one returns FRAME_NOT_WRITTEN. */
static enum stage_state frames_try_out(void)
{
    frame_t frame = frame_alloc(), run;

    if (frame.number == FRAME_NOT_WRITTEN.number)
        return STAGE_NOT_WRITTEN;
    if (frame.number != FRAME_NONE.number &&
        frame_free(frame) == FRAME_NOT_WRITTEN_YET)
        return STAGE_PARTLY_WRITTEN;
    run = frame_alloc_run(1, 1);
    if (run.number == FRAME_NOT_WRITTEN.number)
        return STAGE_PARTLY_WRITTEN;
    if (run.number != FRAME_NONE.number)
        frame_free(run);
    return STAGE_OK;
}

enum stage_state frames_init(const struct memory_layout *layout)
{
    enum stage_state state;
    uint32_t total;

    frames = (struct frames){ .layout = layout };
    report_reversed(layout->available, layout->available_count);
    report_reversed(layout->in_use, layout->in_use_count);
    total = count_frames(layout);
    if (total == 0)
        panic("frames: no available memory below %#llx",
              (unsigned long long)layout->reach);
    place_bitmaps(layout, total);
    start_from(layout, total);
    state = frames_try_out();
    if (state == STAGE_PARTLY_WRITTEN) /* a frame may still be allocated */
        start_from(layout, total);
    return state;
}

/* Handing out. */

/* Marks `count` free frames from `first` on as used and counts them.  The
 * caller has found them free.  Returns the first one. */
static frame_t frames_take(size_t first, uint32_t count)
{
    ASSERT(count > 0);
    ASSERT(bitmap_all_clear(&frames.busy, first, count));
    bitmap_set_range(&frames.busy, first, count);
    frames.counts.free -= count;
    frames.counts.used += count;
    return (frame_t){ (uint32_t)first };
}

frame_t frame_alloc(void)
{
    /* LAB 1 BEGIN: return FRAME_NOT_WRITTEN; */
    size_t found = bitmap_find_clear(&frames.busy, frames.lowest_free);

    if (found == BITMAP_NONE) {
        frames.lowest_free = frames.counts.total;
        return FRAME_NONE;
    }
    frames.lowest_free = (uint32_t)found + 1;
    return frames_take(found, 1);
    /* LAB 1 END */
}

frame_t frame_alloc_run(uint32_t count, uint32_t align)
{
    /* LAB 1 BEGIN: return FRAME_NOT_WRITTEN; */
    size_t found;

    if (count == 0 || !is_power_of_two(align))
        return FRAME_NONE;
    found = bitmap_find_clear_run(&frames.busy, count, align);
    if (found == BITMAP_NONE)
        return FRAME_NONE;
    return frames_take(found, count);
    /* LAB 1 END */
}

/* Taking back. */

/* Whether frame `number` can be freed: FRAME_OK, or the reason why not.  The
 * caller has checked that the frame has bits. */
static enum frame_error frames_free_error(uint32_t number)
{
    if (bitmap_test(&frames.reserved, number))
        return FRAME_NEVER_OURS;
    if (!bitmap_test(&frames.busy, number))
        return FRAME_ALREADY_FREE;
    return FRAME_OK;
}

enum frame_error frame_free_run(frame_t first, uint32_t count)
{
    /* LAB 1 BEGIN: return FRAME_NOT_WRITTEN_YET; */
    uint32_t total = frames.counts.total;

    if (first.number >= total || count > total - first.number)
        return FRAME_OUT_OF_RANGE;
    for (uint32_t i = 0; i < count; i++) {
        enum frame_error error = frames_free_error(first.number + i);

        if (error != FRAME_OK)
            return error;
    }
    bitmap_clear_range(&frames.busy, first.number, count);
    frames.counts.free += count;
    frames.counts.used -= count;
    if (first.number < frames.lowest_free)
        frames.lowest_free = first.number;
    return FRAME_OK;
    /* LAB 1 END */
}

enum frame_error frame_free(frame_t frame)
{
    return frame_free_run(frame, 1);
}

/* Looking. */

enum frame_state frame_state(frame_t frame)
{
    if (frame.number >= frames.counts.total ||
        bitmap_test(&frames.reserved, frame.number))
        return FRAME_IS_RESERVED;
    return bitmap_test(&frames.busy, frame.number) ? FRAME_IS_USED
                                                   : FRAME_IS_FREE;
}

struct frame_counts frame_counts(void)
{
    return frames.counts;
}

const char *frame_error_text(enum frame_error error)
{
    switch (error) {
    case FRAME_OK:
        return "fine";
    case FRAME_NOT_WRITTEN_YET:
        return "not written yet";
    case FRAME_ALREADY_FREE:
        return "already free (double free?)";
    case FRAME_NEVER_OURS:
        return "never handed out: reserved, or no memory";
    case FRAME_OUT_OF_RANGE:
        return "beyond the end of memory";
    }
    return "unknown error";
}
