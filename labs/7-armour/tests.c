/* SPDX-License-Identifier: MIT */
/* Lab 7.  That payload is aligned, lies in the heap, overlaps nothing and
 * keeps its contents is checked by every call (labtest/lab.h).  Nothing here
 * knows how the bookkeeping looks: only that no write beside payload may reach
 * it, that no call searches, and that wrong frees are named. */
#include "blocks.h"

#include "labtest/live_blocks.h"
#include "lib/random.h"
#include "tests.h"

/* The second block may lie where the first was, or elsewhere. */
static void test_first(void)
{
    void *first;

    lab_heap_start(LAB_HEAP_BYTES);
    first = expect_block(24);
    LAB_EQUAL(lab_free(first), HEAP_OK, "kfree()");
    LAB_EQUAL(lab_free(first), HEAP_ALREADY_FREE, "kfree(), again");
    LAB_EQUAL(lab_free(expect_block(24)), HEAP_OK, "kfree()");
}

/* Blocks of 1 to 200 granules, which begin and end anywhere in a word. */
static void test_sizes(void)
{
    lab_heap_start(LAB_HEAP_BYTES);
    for (uint32_t i = 0; i < 1000; i++)
        blocks[i] = expect_block(i % 200 * 8 + 1 + i % 8);
    for (uint32_t i = 0; i < 1000; i++) {
        size_t bytes = i % 200 * 8 + 1 + i % 8, size = lab_size(blocks[i]);

        LAB_EXPECT(size < bytes + 16, "kmalloc_size() is %zu for %zu bytes",
                   size, bytes);
    }
}

static void test_whole(void)
{
    for (size_t bytes = 24; bytes < LAB_HEAP_BYTES / 2; bytes *= 5) {
        lab_heap_start(LAB_HEAP_BYTES);
        LAB_EQUAL(lab_free(expect_block(bytes)), HEAP_OK, "kfree()");
        expect_whole(LAB_HEAP_BYTES);
    }
}

static void test_lengths(void)
{
    test_sizes();
    for (uint32_t i = 0; i < 1000; i++)
        lab_free(blocks[i * 7 % 1000]);
    expect_whole(LAB_HEAP_BYTES);
}

/* Three holes serve nine blocks of a quarter their size: there is no other
 * room.  The new number of blocks. */
static uint32_t expect_quarters(uint32_t count, size_t bytes)
{
    for (uint32_t i = 0; i < 7; i += 3) {
        lab_free(blocks[i]);
        blocks[i] = NULL;
    }
    for (uint32_t i = 0; i < 9; i++)
        blocks[count++] = expect_block(bytes);
    return count;
}

static void test_coalesce(void)
{
    for (uint32_t i = 0; i < 6 * 4; i++) {
        uint32_t first = i % 3, second = (first + 1 + i % 2) % 3;
        size_t bytes = 200u << i / 6;
        void *three[3];
        uint32_t count;

        expect_three(three, bytes);
        count = fill(bytes);
        while (lab_alloc(8))
            continue;
        count = expect_quarters(count, bytes / 4);
        lab_free(three[first]);
        lab_free(three[second]);
        lab_free(three[3 - first - second]);
        LAB_EXPECT(lab_alloc(3 * bytes),
                   "three neighbours of %zu bytes do not make one of %zu",
                   bytes, 3 * bytes);
        free_all(count);
    }
}

static void test_aligned(void)
{
    lab_heap_start(LAB_HEAP_BYTES);
    for (uint32_t round = 0; round < 20; round++) {
        uint32_t count = 0;

        for (size_t alignment = 8; alignment <= 65536; alignment *= 2) {
            blocks[count++] = expect_block(8 + round * 8);
            blocks[count] = lab_alloc_aligned(24 + round, alignment);
            LAB_EXPECT(blocks[count], "NULL for %u bytes at a multiple of %zu",
                       24 + round, alignment);
            LAB_EXPECT(lab_size(blocks[count++]) < 40 + round,
                       "an aligned block keeps what lies around it");
        }
        free_all(count);
        expect_whole(LAB_HEAP_BYTES);
    }
}

/* Small blocks come and go wherever there is room: what they leave in the maps
 * may mean nothing to anybody. */
static void leave_marks(uint32_t first)
{
    uint32_t count = first;

    while (count < MOST && (blocks[count] = lab_alloc(8)))
        count++;
    while (count > first)
        lab_free(blocks[--count]);
}

static void expect_resized(void *block, size_t bytes)
{
    LAB_EXPECT(lab_realloc(block, bytes) == block,
               "a block moves, although it has room for %zu bytes", bytes);
}

/* Of three blocks in a full heap, the one in the middle is freed. */
static void resize_beside(size_t bytes)
{
    size_t sizes[] = { bytes / 5 * 7, bytes * 2, bytes / 5 };
    void *three[3], *rest;
    uint32_t count;

    expect_three(three, bytes);
    count = fill(bytes);
    lab_free(three[1]);
    leave_marks(count);
    LAB_EXPECT(!lab_realloc(three[0], bytes * 3), "%zu bytes with %zu behind",
               bytes * 3, bytes);
    for (size_t i = 0; i < 3; i++) {
        expect_resized(three[0], sizes[i]);
        LAB_EXPECT(lab_size(three[0]) < sizes[i] + 16, "it keeps too much");
    }
    rest = expect_block(bytes / 5 * 8);
    LAB_EXPECT(!lab_realloc(three[2], 65536), "a block as large as the heap");
    lab_free(rest);
    expect_resized(three[0], bytes / 5 * 7);
    lab_free(three[0]);
    expect_block(bytes * 2);
    lab_verify();
}

static void test_resize(void)
{
    resize_beside(200);
    resize_beside(1000);
}

static void test_out_of_memory(void)
{
    static const size_t sizes[] = { SIZE_MAX, HEAP_REQUEST_MAX, 1u << 30,
                                    65536 };
    void *a;

    lab_heap_start(65536);
    a = expect_block(1000);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        LAB_EXPECT(!lab_alloc(sizes[i]) && !lab_realloc(a, sizes[i]) &&
                       !lab_alloc_aligned(sizes[i], 4096),
                   "%zu bytes in a heap of 64 KiB", sizes[i]);
        LAB_EQUAL(heap_stats().usage.used_bytes, 1000, "bytes in use");
    }
    LAB_EQUAL(heap_stats().usage.used_blocks, 1, "blocks in use");
    lab_free(a);
    expect_whole(65536);
}

static void test_tiny(void)
{
    for (size_t bytes = 0; bytes <= 4096; bytes += bytes < 400 ? 1 : 56) {
        lab_heap_start_at(bytes % 8, bytes);
        while (lab_alloc_aligned(8, 64))
            continue;
        while (lab_alloc(1))
            continue;
        lab_verify();
    }
    lab_heap_start(8192);
    expect_whole(8192);
}

static void test_misuse(void)
{
    static uint64_t elsewhere[8];
    uint8_t *a, *b, *c;

    for (size_t bytes = 64; bytes <= 8192; bytes *= 128) {
        lab_heap_start(65536);
        a = expect_block(bytes);
        b = expect_block(bytes);
        c = expect_block(bytes);
        LAB_EQUAL(lab_free(b), HEAP_OK, "kfree(b)");
        LAB_EQUAL(lab_free(b), HEAP_ALREADY_FREE, "kfree(b), again");
        LAB_EQUAL(lab_free(a + 4), HEAP_MISALIGNED, "kfree(a + 4)");
        for (size_t at = 8; at < bytes; at *= 2)
            LAB_EQUAL(lab_free(a + at), HEAP_INTERIOR, "kfree() inside of a");
        LAB_EQUAL(lab_free(elsewhere + 4), HEAP_FOREIGN,
                  "kfree() of an address outside the heap");
        LAB_EQUAL(lab_free(NULL), HEAP_OK, "kfree(NULL)");
        LAB_EQUAL(heap_stats().usage.used_blocks, 2, "blocks in use");
        LAB_EQUAL(lab_free(c), HEAP_OK, "kfree(c)");
        LAB_EQUAL(lab_free(a), HEAP_OK, "kfree(a)");
        LAB_EQUAL(lab_free(b), HEAP_ALREADY_FREE, "kfree(b), much later");
        LAB_EQUAL(lab_free(c), HEAP_ALREADY_FREE, "kfree(c), much later");
        expect_whole(65536);
    }
}

/* Any number at all: lab_free() expects that it is refused. */
static void test_wild(void)
{
    struct random dice;
    uintptr_t low;

    random_seed(&dice, lab_seed());
    lab_heap_start(65536);
    for (uint32_t i = 0; i < 60; i++)
        blocks[i] = expect_block(1 + random_below(&dice, 900));
    low = align_down((uintptr_t)blocks[0], 65536) - 65536;
    for (uint32_t i = 0; i < 300; i++) {
        uintptr_t address = low + random_below(&dice, 3 * 65536 / 8) * 8;

        if (!live_blocks_find((void *)address))
            lab_free((void *)address);
        lab_free((void *)(random_next(&dice) | 1));
    }
    free_all(60);
    for (uint32_t i = 0; i < 60; i++)
        LAB_EQUAL(lab_free(blocks[i]), HEAP_ALREADY_FREE, "kfree(), again");
    expect_whole(65536);
    expect_ends_refused();
}

/* Beside the second of three blocks: a byte or two granules behind it, and a
 * granule in front. */
static void test_overflow(void)
{
    for (uint32_t i = 0; i < 16; i++) {
        size_t bytes = (i % 4 + 1) * (i / 4 + 1) * 88;
        void *three[3];

        expect_three(three, bytes);
        for (uint32_t j = 0; j < 3; j++)
            blocks[j] = expect_block(bytes);
        if (i % 2 != 0)
            lab_free(three[2]);
        if (i % 4 >= 2)
            lab_free(three[0]);
        lab_free(blocks[1]);
        lab_stray((uintptr_t)three[1] + bytes, 1, i & 4 ? 0 : 0xFF);
        lab_stray((uintptr_t)three[1] + bytes, i & 8 ? 1 : 16, 0x41);
        lab_stray((uintptr_t)three[1] - 8, 8, 0x41);
        LAB_EXPECT(lab_size(three[1]) < bytes + 16, "its size has changed");
        blocks[1] = expect_block(bytes);
        blocks[3] = expect_block(2 * bytes);
        lab_free(three[1]);
        LAB_EQUAL(lab_free(three[1]), HEAP_ALREADY_FREE, "kfree(), again");
        if (i % 2 == 0)
            lab_free(three[2]);
        if (i % 4 < 2)
            lab_free(three[0]);
        free_all(4);
        expect_whole(65536);
    }
}

/* Frees every third block, and writes all over the free memory, or only into
 * the second word of each of those blocks. */
static void damage(struct random *dice, uint8_t value, bool all)
{
    for (uint32_t i = 0; i < 150; i++)
        blocks[i] = expect_block(1 + random_below(dice, i % 8 ? 300 : 1500));
    for (uint32_t i = 0; i < 150; i += 3)
        lab_free(blocks[i]);
    for (uint32_t i = 0; i < 150; i += 3) {
        lab_stray((uintptr_t)blocks[i] + (all ? 0 : 4), all ? 1500 : 4, value);
        blocks[i] = NULL;
    }
}

static void test_after_free(void)
{
    static const struct lab_stress busy = { 500, 2000, 64, true, true };
    static const uint8_t values[] = { 0x41, 0, 0xFF, 0x08, 0x80 };
    struct random dice;

    random_seed(&dice, lab_seed());
    for (size_t i = 0; i < 2 * sizeof values; i++) {
        lab_heap_start(65536);
        damage(&dice, values[i / 2], i % 2 == 0);
        for (uint32_t j = 0; j < 150; j += 6)
            blocks[j] = lab_alloc(1 + random_below(&dice, 900));
        lab_stress(&busy);
        free_all(150);
        expect_whole(65536);
    }
}

static void test_bounded(void)
{
    expect_all_joined_at_once();
    expect_work_bounded();
    expect_gaps_found();
}

static void test_stress(void)
{
    static const struct lab_stress roomy = { 4000, 4000, 1024, true, false };
    static const struct lab_stress tight = { 4000, 8000, 64, true, true };

    lab_heap_start(LAB_HEAP_BYTES);
    lab_stress(&roomy);
    expect_whole(LAB_HEAP_BYTES);
    lab_heap_start(65536);
    lab_stress(&tight);
    expect_whole(65536);
    expect_low_end();
    expect_old_gaps_asked();
}

static void test_trace(void)
{
    lab_replay("linux-i386-kmalloc", 80);
    lab_replay("python3-queens", 75);
}

static const struct lab_test tests[] = {
    { "first", 5, "A block of an empty heap, back, and once more.",
      "All memory is one free run at first. What is left of it after a cut?",
      NULL, test_first },
    { "sizes", 5, "1 to 200 granules, anywhere in a word of the maps.",
      "A length of 32 granules or more is found in another way than a short "
      "one.",
      "first", test_sizes },
    { "whole", 5, "One block comes and goes: all is one piece again.",
      "A freed block may have a free neighbour on both sides.", "sizes",
      test_whole },
    { "lengths", 5, "The blocks of \"sizes\", freed in a wild order.",
      "Going up by lengths and going down must meet the same blocks.", "whole",
      test_lengths },
    { "coalesce", 10, "Three neighbours become one hole, in all six orders.",
      "A neighbour is used, free, or not there: three cases on each side.",
      "lengths", test_coalesce },
    { "aligned", 5, "Payloads at multiples of 8 to 65536, without a leak.",
      "What is cut off has to be released.", "whole", test_aligned },
    { "resize", 5, "Grows and shrinks a block where it stands.",
      "Take from the run after the block.", "coalesce", test_resize },
    { "out-of-memory", 5, "Sizes that no heap has; NULL, and nothing changes.",
      "What fails counts for nothing.", "coalesce", test_out_of_memory },
    { "tiny", 10, "Heaps of 0 to 8192 bytes, at odd addresses.",
      "One too small is full from the start.", "whole", test_tiny },
    { "misuse", 10, "Wrong frees are refused, by name, and change nothing.",
      "Ask both maps before anything else.", "whole", test_misuse },
    { "wild", 5, "600 wild addresses, none of them a block.",
      "Is there such a granule?  Then ask the maps.", "whole", test_wild },
    { "overflow", 5, "Writes beside a block change no later answer.",
      "Decide by the maps and the arena alone.", "misuse", test_overflow },
    { "after-free", 10, "Writes all over freed blocks change no later answer.",
      "Read nothing from a freed block.", "overflow", test_after_free },
    { "bounded", 5, "2000 holes, or 500,000 bytes: about the same work.",
      "No loop, not even over a map gap; join at once, not when memory runs "
      "out.",
      "coalesce", test_bounded },
    { "stress", 5, "8000 random steps, then one free block is left.",
      "Draw the steps below.", "coalesce", test_stress },
    { "trace", 5, "A booting Linux and a Python, in 5/4 and 4/3 of their peak.",
      "Memory is lost, or lies in pieces: look at make replay and at the map.",
      "coalesce", test_trace },
};

const struct lab lab_armour = { "armour", "paging", tests,
                                sizeof tests / sizeof *tests };
