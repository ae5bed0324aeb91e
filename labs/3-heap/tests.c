/* SPDX-License-Identifier: MIT */
/* Lab 3.  Every call checks that payload is aligned, is in the heap, overlaps
 * no other block and keeps its contents (labtest/lab.h). */
#include "labtest/test.h"

#include "lib/addr.h"
#include "mm/heap/bump_block.h"

#define MOST_HEADER 16u /* bytes before a payload, at most */

static void *expect_block(size_t bytes)
{
    void *payload = lab_alloc(bytes);

    LAB_EXPECT(payload, "NULL for %zu bytes, in a heap with room", bytes);
    return payload;
}

/* Blocks of `bytes` until there is no room. */
static uint32_t fill(size_t bytes)
{
    uint32_t count = 0;

    while (count <= LAB_HEAP_BYTES / 8 && lab_alloc(bytes))
        count++;
    return count;
}

static void test_first(void)
{
    lab_heap_start(LAB_HEAP_BYTES);
    expect_block(24);
}

static void test_many(void)
{
    lab_heap_start(LAB_HEAP_BYTES);
    for (size_t bytes = 1; bytes <= 400; bytes++)
        expect_block(bytes);
    for (size_t bytes = 4096; bytes <= 65536; bytes *= 2)
        expect_block(bytes);
    lab_verify();
}

/* The first block of a heap, at a multiple of 1 MiB; padding is not in use. */
static void expect_far_block(void)
{
    lab_heap_start(LAB_HEAP_BYTES);
    lab_count_usage();
    LAB_EXPECT(lab_alloc_aligned(20, 1u << 20),
               "NULL for 20 bytes at a multiple of 1 MiB, in a heap of 2 MiB");
}

/* A block after padding that ends with the heap, and one byte more. */
static void expect_aligned_to_the_end(void)
{
    uintptr_t end = lab_heap_begin() + 4096, payload;

    lab_heap_start(4096);
    payload = (uintptr_t)lab_alloc_aligned(8, 256);
    LAB_EXPECT(payload, "NULL for 8 bytes at a multiple of 256");
    lab_heap_start(4096);
    LAB_EXPECT(!lab_alloc_aligned(end - payload + 1, 256),
               "one byte more than there is after %#lx",
               (unsigned long)payload);
    LAB_EXPECT(lab_alloc_aligned(end - payload, 256),
               "NULL for all from %#lx to the heap's end",
               (unsigned long)payload);
}

static void test_aligned(void)
{
    expect_far_block();
    expect_aligned_to_the_end();
    lab_heap_start(LAB_HEAP_BYTES);
    for (size_t alignment = 16; alignment <= 4096; alignment *= 2) {
        expect_block(8);
        LAB_EXPECT(lab_alloc_aligned(20, alignment),
                   "NULL for 20 bytes at a multiple of %zu", alignment);
        LAB_EXPECT(lab_alloc_aligned(alignment, alignment),
                   "NULL for %zu bytes at a multiple of %zu", alignment,
                   alignment);
    }
    lab_verify();
}

static void test_full(void)
{
    uint32_t count;

    lab_heap_start(LAB_HEAP_BYTES);
    count = fill(24);
    LAB_EXPECT(count >= LAB_HEAP_BYTES / (24 + MOST_HEADER),
               "only %u blocks of 24 bytes fit 2 MiB", count);
    LAB_EXPECT(!lab_alloc(24), "a full heap has room again");
    lab_verify();
    lab_heap_start(64);
    expect_block(24);
    fill(8);
    lab_verify();
}

/* Blocks of 8 bytes, as far apart as the first two, leave less than one more
 * would need, wherever the heap keeps what it needs for itself. */
static void expect_no_room_left(size_t bytes)
{
    uintptr_t first, second, step;
    uint32_t count;

    lab_heap_start(bytes);
    first = (uintptr_t)expect_block(8);
    second = (uintptr_t)expect_block(8);
    step = second > first ? second - first : first - second;
    count = 2 + fill(8);
    LAB_EXPECT(bytes - count * step < step,
               "%u blocks in %zu bytes, each %zu: one more would fit", count,
               bytes, (size_t)step);
}

static void test_last(void)
{
    lab_heap_start(64); /* a shorter heap before says nothing of the next */
    expect_block(8);
    lab_heap_start(4096);
    LAB_EXPECT(lab_alloc(4096 - MOST_HEADER),
               "NULL for 4080 bytes in a heap of 4096");
    LAB_EXPECT(!lab_alloc(4096), "4096 bytes more in the same heap");
    lab_heap_start(4096);
    LAB_EXPECT(!lab_alloc(4096), "4096 bytes and a header in 4096 bytes");
    LAB_EXPECT(!lab_alloc(4089), "4089 bytes and a header in 4096 bytes");
    expect_no_room_left(4096);
    expect_no_room_left(4096 + 8);
}

static void test_huge(void)
{
    static const size_t sizes[] = {
        SIZE_MAX,         SIZE_MAX - 7,       SIZE_MAX - 64,
        HEAP_REQUEST_MAX, 0xC0000000u,        0x40000000u,
        LAB_HEAP_BYTES,   LAB_HEAP_BYTES + 8, HEAP_REQUEST_MAX - 15
    };
    uint32_t before, after;

    lab_heap_start(65536);
    before = fill(100);
    lab_heap_start(65536);
    lab_count_usage();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        LAB_EXPECT(!lab_alloc(sizes[i]), "%zu bytes in a heap of 64 KiB",
                   sizes[i]);
        LAB_EXPECT(!lab_alloc_aligned(sizes[i], 4096),
                   "%zu bytes at a multiple of 4096 in a heap of 64 KiB",
                   sizes[i]);
    }
    LAB_EXPECT(!lab_alloc_aligned(8, 1u << 31),
               "8 bytes at a multiple of 2 GiB in a heap of 64 KiB");
    after = fill(100);
    LAB_EXPECT(before > 0, "no block of 100 bytes in a heap of 64 KiB");
    LAB_EQUAL(after, before, "blocks that fit after NULLs");
}

static void test_size(void)
{
    void *payload;

    lab_heap_start(LAB_HEAP_BYTES);
    for (size_t bytes = 1; bytes <= 200; bytes++) {
        size_t size = lab_size(expect_block(bytes));

        LAB_EXPECT(size >= bytes && size < bytes + 16,
                   "kmalloc_size() is %zu for a block of %zu bytes", size,
                   bytes);
    }
    payload = expect_block(64);
    LAB_EQUAL(lab_free(payload), HEAP_OK, "kfree()");
    LAB_EQUAL(lab_size(payload), 0, "kmalloc_size() of a freed block");
}

static void test_free(void)
{
    static void *blocks[200];
    size_t used;

    lab_heap_start(LAB_HEAP_BYTES);
    expect_block(8);
    lab_heap_start_at(8, LAB_HEAP_BYTES - 8); /* what was before is forgotten */
    lab_count_usage();
    for (size_t i = 0; i < 200; i++)
        blocks[i] = expect_block(i + 1);
    LAB_EQUAL(heap_stats().usage.used_blocks, 200, "blocks in use");
    used = heap_stats().usage.used_bytes;
    LAB_EXPECT(used >= 20100 && used < 20100 + 200 * 16,
               "%zu bytes in use, of 20100 asked for", used);
    for (size_t i = 0; i < 200; i += 2)
        lab_free(blocks[i]);
    LAB_EQUAL(heap_stats().usage.used_blocks, 100, "blocks in use");
    for (size_t i = 0; i < 200; i += 2)
        blocks[i] = expect_block(100);
    lab_verify();
    for (size_t i = 0; i < 200; i += 2)
        lab_free(blocks[i]);
    for (size_t i = 1; i < 200; i += 2)
        lab_free(blocks[i]);
    LAB_EQUAL(heap_stats().usage.used_blocks, 0, "blocks in use");
    LAB_EQUAL(heap_stats().usage.used_bytes, 0, "bytes in use");
}

/* The answer of kfree() for an address that is not a block in use; `freed` is
 * a block that was freed. */
static enum heap_error error_of(uintptr_t address, uintptr_t freed,
                                uintptr_t end)
{
    if (address < lab_heap_begin() || address >= end)
        return HEAP_FOREIGN;
    if (address % HEAP_ALIGNMENT != 0)
        return HEAP_MISALIGNED;
    return address == freed ? HEAP_ALREADY_FREE : HEAP_INTERIOR;
}

/* Every address in and around three blocks full of `word`, which may look like
 * a header, or like a part of one. */
static void expect_refused(uint32_t word)
{
    uint8_t *a, *b, *c;
    uintptr_t end;

    lab_heap_start(4096);
    lab_count_usage();
    a = expect_block(40);
    b = expect_block(24);
    c = expect_block(64);
    lab_fill(a, word);
    lab_fill(c, word);
    LAB_EQUAL(lab_free(b), HEAP_OK, "kfree(b)");
    end = (uintptr_t)c + 64;
    for (uintptr_t at = lab_heap_begin() - 24; at < end + 24; at++) {
        if (at != (uintptr_t)a && at != (uintptr_t)c)
            LAB_EQUAL(lab_free((void *)at), error_of(at, (uintptr_t)b, end),
                      "kfree() of an address that is not a block in use");
    }
    LAB_EQUAL(lab_free((void *)(lab_heap_begin() + 4096)), HEAP_FOREIGN,
              "kfree() of the heap's end");
    LAB_EQUAL(lab_free(c), HEAP_OK, "kfree(c)");
}

static void test_misuse(void)
{
    static const uint32_t words[] = { 0,          8,          24,
                                      BUMP_USED,  BUMP_FREED, UINT32_MAX,
                                      0x80000000u };
    static uint64_t elsewhere[8];
    uint8_t *a, *b;

    lab_heap_start(LAB_HEAP_BYTES);
    a = expect_block(60);
    b = expect_block(60);
    LAB_EQUAL(lab_free(a), HEAP_OK, "kfree(a)");
    LAB_EQUAL(lab_free(a), HEAP_ALREADY_FREE, "kfree(a), again");
    LAB_EQUAL(lab_free(b + 4), HEAP_MISALIGNED, "kfree(b + 4)");
    LAB_EQUAL(lab_free(b + 32), HEAP_INTERIOR, "kfree(b + 32)");
    LAB_EQUAL(lab_free(elsewhere + 4), HEAP_FOREIGN,
              "kfree() of an address outside the heap");
    LAB_EQUAL(lab_free((uint8_t *)lab_alloc(64) + 65536), HEAP_FOREIGN,
              "kfree() of heap that was never handed out");
    LAB_EQUAL(lab_free(NULL), HEAP_OK, "kfree(NULL)");
    LAB_EQUAL(heap_stats().usage.used_blocks, 2, "blocks in use");
    LAB_EQUAL(lab_free(b), HEAP_OK, "kfree(b)");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        expect_refused(words[i]);
}

static void test_tiny(void)
{
    lab_heap_start(LAB_HEAP_BYTES);
    expect_block(8);
    for (size_t bytes = 0; bytes <= 200; bytes++) {
        lab_heap_start_at(bytes % 8, bytes);
        while (lab_alloc_aligned(8, 64))
            continue;
        while (lab_alloc(1))
            continue;
        lab_verify();
    }
}

static void test_resize(void)
{
    void *a, *b;

    lab_heap_start(LAB_HEAP_BYTES);
    lab_count_usage();
    a = expect_block(100);
    b = expect_block(100);
    LAB_EXPECT(lab_realloc(a, 50) == a, "a block moves to become smaller");
    a = lab_realloc(a, 5000);
    LAB_EXPECT(a, "NULL for 5000 bytes, in a heap with room");
    LAB_EXPECT(!lab_realloc(b, LAB_HEAP_BYTES), "a block as large as the heap");
    LAB_EQUAL(lab_free(a), HEAP_OK, "kfree(a)");
    LAB_EQUAL(lab_free(b), HEAP_OK, "kfree(b)");
}

static void test_trace(void)
{
    lab_replay("linux-i386-kmalloc", 90);
}

static const struct lab_test tests[] = {
    { "first", 10, "One block from an empty heap.",
      "The address that you return is the one after the header.", NULL,
      test_first },
    { "many", 10, "Blocks of 405 sizes, none touching another.",
      "`top` moves by the header and by the payload, rounded up to 8.", "first",
      test_many },
    { "aligned", 10, "Payloads at multiples of 16 to 4096.",
      "Align the payload, not the header before it.", "first", test_aligned },
    { "full", 15, "Fills the heap, and not a byte more.",
      "Header, padding and payload have to fit between `top` and `end`.",
      "first", test_full },
    { "last", 5, "A block as large as the heap less its header.",
      "Is a block that just fits refused, or one that just does not taken?",
      "first", test_last },
    { "huge", 10, "Sizes that no heap has; NULL, and nothing changes.",
      "A sum of sizes may overflow and look small: compare, do not add.",
      "first", test_huge },
    { "size", 5, "kmalloc_size() of blocks in use and of a freed one.",
      "The header has to say how long its payload is, rounded up.", "first",
      test_size },
    { "free", 10, "Frees mark blocks, and the counters follow.",
      "usage_add() and usage_remove() with the same number of bytes.", "first",
      test_free },
    { "misuse", 10, "Wrong frees are refused, by name, and change nothing.",
      "Four questions, in this order: inside? aligned? a header before it? in "
      "use?",
      "free", test_misuse },
    { "tiny", 5, "Heaps of 0 to 200 bytes, at odd addresses.",
      "A room smaller than a header: what does the subtraction give?", "full",
      test_tiny },
    { "resize", 5, "krealloc() keeps contents; smaller stays in place.",
      "bump_resize() may rely on bump_size(); moving is done for you.", "size",
      test_resize },
    { "trace", 5, "A booting Linux, until the heap is used up.",
      "Nine tenths of the heap have to be in use before the first NULL.",
      "full", test_trace },
};

const struct lab lab_heap = { "heap", "paging", tests,
                              sizeof tests / sizeof *tests };
