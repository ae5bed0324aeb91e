/* SPDX-License-Identifier: MIT */
/* Words that sum up words.
 *
 *     top        1 word      . . . . . . . . 1 . . .
 *                                            |
 *     middle     32 words    ... | . . 1 . . . 1 . | ...
 *                                      |
 *     low        1,024       ... | . . . . 1 . | ...      1: not all busy
 *                                          |
 *     busy       32,768      ... | 1 1 0 1 1 1 1 | ...    1: busy
 *
 * A bit of a summary stands for one word of the level below, and is set while
 * there is a free frame somewhere under it.  Three summaries over the bitmap
 * of busy frames reach 32 * 32 * 32 * 32 frames, which is all of 4 GiB; so the
 * lowest free frame is four bit scans away.  They take 4,228 bytes.
 *
 * I7: a summary's bit is set if and only if the word it stands for has a bit
 *     that leads to a free frame: a 1 in a summary, a 0 in `busy`.
 * I8: the bits of the last word of `busy` that belong to no frame are set, so
 *     that no search finds them.
 *
 * A word changes its summary only when it becomes full or stops being so: of 32
 * allocations from one word, 31 touch no summary at all.
 */
#include "bench/allocators/frames_summary.h"

#include "lib/string.h"
#include "mm/frames/frames_private.h"

#define ALL_BUSY UINT32_MAX

static uint32_t low[WORD_BITS * WORD_BITS], middle[WORD_BITS], top;

_Static_assert(1ull * WORD_BITS * WORD_BITS * WORD_BITS * WORD_BITS ==
                   (1ull << 32) / PAGE_BYTES,
               "the summaries reach all frames of a 32-bit machine");

/* The bit of word or bit `index` in the word that sums it up. */
static uint32_t summary_bit(uint32_t index)
{
    return 1u << index % WORD_BITS;
}

/* -- Up the levels --------------------------------------------------------- */

/* Word `word` of `busy` has a free frame. */
static void word_opened(uint32_t word)
{
    ASSERT_BELOW(word, bitmap_word_count(frames.busy.bits));
    low[word / WORD_BITS] |= summary_bit(word);
    word /= WORD_BITS;
    middle[word / WORD_BITS] |= summary_bit(word);
    top |= summary_bit(word / WORD_BITS);
}

/* Word `word` of `busy` has no free frame any more. */
static void word_filled(uint32_t word)
{
    ASSERT_BELOW(word, bitmap_word_count(frames.busy.bits));
    low[word / WORD_BITS] &= ~summary_bit(word);
    word /= WORD_BITS;
    if (low[word] != 0)
        return;
    middle[word / WORD_BITS] &= ~summary_bit(word);
    word /= WORD_BITS;
    if (middle[word] == 0)
        top &= ~summary_bit(word);
}

void summary_start(void)
{
    uint32_t words = (uint32_t)bitmap_word_count(frames.busy.bits);
    uint32_t rest = frames.busy.bits % WORD_BITS;

    memset(low, 0, sizeof low);
    memset(middle, 0, sizeof middle);
    top = 0;
    if (rest != 0)
        frames.busy.words[words - 1] |= ALL_BUSY << rest;
    for (uint32_t i = 0; i < words; i++) {
        if (frames.busy.words[i] != ALL_BUSY)
            word_opened(i);
    }
    frames.lowest_free = 0; /* the summary functions do not update it */
}

/* -- Single frames --------------------------------------------------------- */

/* Returns what is left. */
static inline uint32_t clear_lowest_one(uint32_t *word)
{
    *word &= *word - 1;
    return *word;
}

/* The bits that lead down are the lowest of their words, so they need not be
 * worked out again to be cleared. */
frame_t summary_alloc(void)
{
    uint32_t m, l, word, busy, number;

    if (top == 0)
        return FRAME_NONE;
    m = lowest_bit(top);
    l = m * WORD_BITS + lowest_bit(middle[m]);
    word = l * WORD_BITS + lowest_bit(low[l]);
    busy = frames.busy.words[word];
    number = word * WORD_BITS + lowest_bit(~busy);
    busy |= busy + 1; /* its lowest 0 becomes a 1 */
    frames.busy.words[word] = busy;
    if (busy == ALL_BUSY && clear_lowest_one(&low[l]) == 0 &&
        clear_lowest_one(&middle[m]) == 0)
        clear_lowest_one(&top);
    frames.counts.free--;
    frames.counts.used++;
    return (frame_t){ number };
}

/* FRAME_OK if frame `number` can be freed, or the reason why not. */
static enum frame_error summary_free_error(uint32_t number)
{
    if (number >= frames.counts.total)
        return FRAME_OUT_OF_RANGE;
    if (bitmap_test(&frames.reserved, number))
        return FRAME_NEVER_OURS;
    return bitmap_test(&frames.busy, number) ? FRAME_OK : FRAME_ALREADY_FREE;
}

/* Makes a used frame free, and updates its word and the counters. */
static void summary_give(uint32_t number)
{
    uint32_t *word = &frames.busy.words[number / WORD_BITS];

    if (*word == ALL_BUSY)
        word_opened(number / WORD_BITS);
    *word &= ~summary_bit(number);
    frames.counts.free++;
    frames.counts.used--;
}

enum frame_error summary_free(frame_t frame)
{
    enum frame_error error = summary_free_error(frame.number);

    if (error == FRAME_OK)
        summary_give(frame.number);
    return error;
}

/* -- Runs ------------------------------------------------------------------ */

frame_t summary_alloc_run(uint32_t count, uint32_t align)
{
    frame_t first = frame_alloc_run(count, align);
    uint32_t word = first.number / WORD_BITS;

    if (first.number == FRAME_NONE.number)
        return FRAME_NONE;
    for (; word * WORD_BITS < first.number + count; word++) {
        if (frames.busy.words[word] == ALL_BUSY)
            word_filled(word);
    }
    return first;
}

enum frame_error summary_free_run(frame_t first, uint32_t count)
{
    uint32_t total = frames.counts.total;

    if (first.number >= total || count > total - first.number)
        return FRAME_OUT_OF_RANGE;
    for (uint32_t i = 0; i < count; i++) {
        enum frame_error error = summary_free_error(first.number + i);

        if (error != FRAME_OK)
            return error;
    }
    for (uint32_t i = 0; i < count; i++)
        summary_give(first.number + i);
    return FRAME_OK;
}

/* -- Check ----------------------------------------------------------------- */

/* I7 between a summary of `words` words and the level below it, whose words
 * say `idle` when there is nothing to be found. */
static struct violation check_level(const uint32_t *sums, uint32_t words,
                                    const uint32_t *below, uint32_t below_words,
                                    uint32_t idle)
{
    for (uint32_t i = 0; i < words * WORD_BITS; i++) {
        const uint32_t *sum = &sums[i / WORD_BITS];
        bool expected = i < below_words && below[i] != idle;
        bool found = *sum >> i % WORD_BITS & 1;

        if (expected != found)
            return (struct violation){ "I7: a summary says what is below it",
                                       (uintptr_t)sum, expected, found };
    }
    return SOUND;
}

struct violation summary_check(void)
{
    uint32_t words = (uint32_t)bitmap_word_count(frames.busy.bits);
    uint32_t rest = frames.busy.bits % WORD_BITS;
    const uint32_t *last = &frames.busy.words[words - 1];
    struct violation violation = frames_check();

    if (is_sound(violation) && rest != 0 && ~*last >> rest != 0)
        return (struct violation){ "I8: bits of no frame are busy",
                                   (uintptr_t)last, ALL_BUSY, *last };
    if (is_sound(violation))
        violation = check_level(low, WORD_BITS * WORD_BITS, frames.busy.words,
                                words, ALL_BUSY);
    if (is_sound(violation))
        violation =
            check_level(middle, WORD_BITS, low, WORD_BITS * WORD_BITS, 0);
    if (is_sound(violation))
        violation = check_level(&top, 1, middle, WORD_BITS, 0);
    return violation;
}
