/* SPDX-License-Identifier: MIT */
/* Checks the invariants of frames.c.  It shares no code with it, only the bits
 * of a word (lib/bits.h).  It computes from the layout, in its own way, which
 * frames should be reserved: frames.c marks one region after the other, this
 * file cuts memory into pieces (lib/region.h) and decides about each piece.
 */
#include "mm/frames/frames.h"

#include "lib/bitmap.h"
#include "lib/panic.h"
#include "mm/frames/frames_private.h"

#define BEGUN "I0: frames_init() has run, and keeps the layout"
#define KNOWN "I1: every frame is free, used or reserved"
#define RIGHT "I2: a frame is reserved unless it is free in the layout"
#define FREE  "I3: the counter of free frames agrees with the bitmaps"
#define USED  "I3: the counter of used frames agrees with the bitmaps"
#define KEPT  "I3: the counter of reserved frames agrees with the bitmaps"
#define TOTAL "I3: the counter of all frames is the number of bits"
#define BELOW "I4: no frame below lowest_free is free"
#define PLACE "I5: the bitmaps are in their place"
#define APART "I5: the bitmaps do not overlap"
#define ROOM  "I5: the place of the bitmaps is free in the layout"
#define LAST  "I6: the last frame is the highest that is available"

/* A frame is named by the address of its first byte. */
static struct violation violation_at(const char *invariant, uint32_t frame,
                                     uintptr_t expected, uintptr_t found)
{
    return (struct violation){ invariant, frame << PAGE_SHIFT, expected,
                               found };
}

/* The bits of word `i` that belong to frames. */
static uint32_t frames_of_word(uint32_t i)
{
    uint32_t left = (uint32_t)frames.busy.bits - i * BITMAP_WORD_BITS;

    return left >= WORD_BITS ? UINT32_MAX : low_bits(left);
}

/* The lowest frame that has a 1 in `bits`, of word `i`; there is one. */
static uint32_t first_one(uint32_t i, uint32_t bits)
{
    ASSERT(bits != 0);
    return i * WORD_BITS + lowest_bit(bits);
}

/* I1 and I3: one walk over both bitmaps. */
static struct violation frames_check_counts(void)
{
    struct frame_counts seen = { .total = (uint32_t)frames.busy.bits };
    const struct frame_counts *said = &frames.counts;

    if (said->total != seen.total || frames.reserved.bits != seen.total)
        return violation_at(TOTAL, 0, seen.total, said->total);
    for (uint32_t i = 0; i < bitmap_word_count(seen.total); i++) {
        uint32_t mask = frames_of_word(i);
        uint32_t busy = frames.busy.words[i] & mask;
        uint32_t reserved = frames.reserved.words[i] & mask;

        if ((reserved & ~busy) != 0)
            return violation_at(KNOWN, first_one(i, reserved & ~busy), 1, 0);
        seen.free += count_ones(~busy & mask);
        seen.used += count_ones(busy & ~reserved);
        seen.reserved += count_ones(reserved);
    }
    if (said->free != seen.free)
        return violation_at(FREE, 0, seen.free, said->free);
    if (said->used != seen.used)
        return violation_at(USED, 0, seen.used, said->used);
    if (said->reserved != seen.reserved)
        return violation_at(KEPT, 0, seen.reserved, said->reserved);
    return SOUND;
}

/* I4 */
static struct violation frames_check_lowest_free(void)
{
    for (uint32_t i = 0; i < bitmap_word_count(frames.busy.bits); i++) {
        uint32_t free = ~frames.busy.words[i] & frames_of_word(i);

        if (free == 0)
            continue;
        if (first_one(i, free) < frames.lowest_free)
            return violation_at(BELOW, first_one(i, free), first_one(i, free),
                                frames.lowest_free);
        return SOUND;
    }
    return SOUND;
}

/* The longest piece that begins at `begin`, ends at `end` at most, and is
 * throughout reserved or throughout free; its answer says which. */
static struct piece frames_piece_at(uint64_t begin, uint64_t end)
{
    const struct memory_layout *layout = frames.layout;
    struct piece piece = { begin, end, true };

    ASSERT(begin < end);
    for (size_t i = 0; i < layout->available_count; i++) {
        const struct region *region = &layout->available[i];

        piece_meet(&piece, page_up(region->begin), page_down(region->end),
                   false);
    }
    for (size_t i = 0; i < layout->in_use_count; i++) {
        const struct region *region = &layout->in_use[i];

        if (region->begin < region->end)
            piece_meet(&piece, page_down(region->begin), page_up(region->end),
                       true);
    }
    piece_meet(&piece, page_down(layout->reach), UINT64_MAX, true);
    return piece;
}

/* Frame 0 and the bitmaps are reserved whatever the layout says. */
static bool is_own(uint32_t frame)
{
    return frame == 0 ||
           (frames.place.first <= frame && frame < frames.place.end);
}

/* I2, for the frames of one piece. */
static struct violation frames_check_piece(const struct piece *piece)
{
    uint32_t end = (uint32_t)(piece->end >> PAGE_SHIFT);
    uint32_t sound_word = piece->answer ? UINT32_MAX : 0;

    for (uint32_t i = (uint32_t)(piece->begin >> PAGE_SHIFT); i < end; i++) {
        uint32_t place = i % BITMAP_WORD_BITS;
        uint32_t word = frames.reserved.words[i / BITMAP_WORD_BITS];
        bool found = word >> place & 1;

        /* Most pieces are long: compare a whole word where possible. */
        if (place == 0 && end - i >= BITMAP_WORD_BITS && word == sound_word)
            i += BITMAP_WORD_BITS - 1;
        else if (found != (piece->answer || is_own(i)))
            return violation_at(RIGHT, i, !found, found);
    }
    return SOUND;
}

/* I2 */
static struct violation frames_check_layout(void)
{
    uint64_t end = (uint64_t)frames.busy.bits << PAGE_SHIFT;
    struct violation violation = SOUND;
    struct piece piece = { 0, 0, true };

    while (piece.end < end && is_sound(violation)) {
        piece = frames_piece_at(piece.end, end);
        violation = frames_check_piece(&piece);
    }
    return violation;
}

/* Whether all words of `bitmap` are inside frames.place. */
static bool place_holds(const struct bitmap *bitmap)
{
    uint64_t begin = (uint64_t)frames.place.first << PAGE_SHIFT;
    uint64_t end = (uint64_t)frames.place.end << PAGE_SHIFT;
    uintptr_t at = (uintptr_t)bitmap->words - direct_map.base;
    size_t bytes = bitmap_word_count(bitmap->bits) * sizeof(uint32_t);

    return end <= direct_map.bytes && begin <= at && at <= end &&
           bytes <= end - at;
}

/* I5.  Must be checked before any other check reads the bitmaps. */
static struct violation frames_check_place(void)
{
    uintptr_t busy = (uintptr_t)frames.busy.words;
    uintptr_t reserved = (uintptr_t)frames.reserved.words;
    size_t bytes = bitmap_word_count(frames.busy.bits) * sizeof(uint32_t);
    uint64_t end = (uint64_t)frames.place.end << PAGE_SHIFT;
    struct piece piece = { .end = (uint64_t)frames.place.first << PAGE_SHIFT };

    if (!place_holds(&frames.busy))
        return violation_at(PLACE, frames.place.first, frames.place.end, busy);
    if (!place_holds(&frames.reserved))
        return violation_at(PLACE, frames.place.first, frames.place.end,
                            reserved);
    if (busy < reserved + bytes && reserved < busy + bytes)
        return violation_at(APART, frames.place.first, busy + bytes, reserved);
    while (piece.end < end) {
        piece = frames_piece_at(piece.end, end);
        if (piece.answer)
            return violation_at(ROOM, (uint32_t)(piece.begin >> PAGE_SHIFT),
                                false, true);
    }
    return SOUND;
}

/* I6 */
static struct violation frames_check_last(void)
{
    const struct memory_layout *layout = frames.layout;
    uint64_t last = 0;

    for (size_t i = 0; i < layout->available_count; i++) {
        const struct region *region = &layout->available[i];
        uint64_t end = page_down(region->end < layout->reach ? region->end
                                                             : layout->reach);

        if (page_up(region->begin) < end && end > last)
            last = end;
    }
    if (last > 1ull << 32)
        last = 1ull << 32;
    if (last >> PAGE_SHIFT != frames.busy.bits)
        return violation_at(LAST, (uint32_t)frames.busy.bits,
                            (uintptr_t)(last >> PAGE_SHIFT), frames.busy.bits);
    return SOUND;
}

/* Weak: a student's file with another layout has one of its own. */
__attribute__((weak)) struct violation frames_check(void)
{
    static struct violation (*const checks[])(void) = {
        frames_check_place,  frames_check_last,        frames_check_counts,
        frames_check_layout, frames_check_lowest_free,
    };
    struct violation violation = SOUND;

    if (frames.layout == NULL)
        return violation_at(BEGUN, 0, true, false);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        violation = checks[i]();
        if (!is_sound(violation))
            return violation;
    }
    return violation;
}
