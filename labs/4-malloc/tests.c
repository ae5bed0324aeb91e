/* SPDX-License-Identifier: MIT */
/* Lab 4.  Every call checks that payload is aligned, is in the heap, overlaps
 * no other block and keeps its contents (labtest/lab.h).  Nothing here knows
 * how blocks look inside: an allocator of another design may pass. */
#include "tests.h"

#include "mm/malloc/malloc_block.h"

/* All free memory is in one piece again. */
static void expect_whole(size_t heap_bytes)
{
    size_t bytes = heap_bytes - MOST_OVERHEAD;
    void *payload = lab_alloc(bytes);

    LAB_EXPECT(payload,
               "all is free, but not in one piece: NULL for %zu bytes of %zu",
               bytes, heap_bytes);
    lab_free(payload);
}

static void test_first(void)
{
    lab_heap_start(LAB_HEAP_BYTES);
    LAB_EQUAL(lab_free(expect_malloc_block(24)), HEAP_OK, "kfree()");
}

static void test_many(void)
{
    lab_heap_start(LAB_HEAP_BYTES);
    for (size_t i = 0; i < 400; i++)
        malloc_blocks[i] = expect_malloc_block(i + 1);
    lab_verify();
    for (size_t i = 0; i < 400; i++) {
        size_t size = lab_size(malloc_blocks[i]);

        LAB_EXPECT(size < i + 1 + 32, "kmalloc_size() is %zu for %zu bytes",
                   size, i + 1);
    }
    for (size_t i = 0; i < 400; i++)
        lab_free(malloc_blocks[i]);
    LAB_EQUAL(heap_stats().usage.used_blocks, 0, "blocks in use");
    LAB_EQUAL(heap_stats().usage.used_bytes, 0, "bytes in use");
}

static void test_full(void)
{
    uint32_t count, again;

    lab_heap_start(65536);
    count = malloc_fill(24);
    LAB_EXPECT(count >= 65536 / 40, "only %u blocks of 24 bytes fit 64 KiB",
               count);
    lab_verify();
    for (uint32_t i = 0; i < count; i++)
        lab_free(malloc_blocks[i]);
    again = malloc_fill(24);
    LAB_EQUAL(again, count, "blocks that fit the second time");
    lab_heap_start(4096);
    expect_malloc_block(4096 - MOST_OVERHEAD);
}

static void test_reuse(void)
{
    lab_heap_start(65536);
    for (uint32_t i = 0; i < 1000; i++) {
        void *a = expect_malloc_block(1000);
        void *b = expect_malloc_block(20000);

        lab_free(a);
        lab_free(b);
    }
}

/* A gap between two blocks is used for as many as fit it. */
static void test_split(void)
{
    void *gap;

    lab_heap_start(65536);
    gap = expect_malloc_block(8192);
    expect_malloc_block(8);
    LAB_EXPECT(lab_alloc(65536 - 8192 - 8 - 2 * MOST_OVERHEAD),
               "NULL for the rest of the heap");
    lab_free(gap);
    for (uint32_t i = 0; i < 8192 / (100 + 32); i++)
        expect_malloc_block(100);
    lab_verify();
}

static void test_exact(void)
{
    for (size_t less = 0; less <= 48; less += 4) {
        uint8_t *gap, *block;

        lab_heap_start(65536);
        gap = expect_malloc_block(104);
        expect_malloc_block(8);
        for (size_t bytes = 1000; bytes >= 8; bytes /= 2) {
            while (lab_alloc(bytes))
                continue;
        }
        lab_free(gap);
        block = lab_alloc(104 - less);
        LAB_EXPECT(block >= gap && block < gap + 104,
                   "the only free run, of 104 bytes, is not used for %zu",
                   104 - less);
        lab_verify();
        lab_free(block);
        LAB_EXPECT(lab_alloc(104), "the 104 bytes are not free again");
    }
}

static void test_coalesce(void)
{
    static const uint8_t orders[6][3] = {
        { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
        { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 }
    };
    const size_t third = 65536 / 3 - MOST_OVERHEAD;

    for (size_t i = 0; i < 6; i++) {
        void *three[3];

        lab_heap_start(65536);
        for (size_t j = 0; j < 3; j++)
            three[j] = expect_malloc_block(third);
        for (size_t j = 0; j < 3; j++)
            lab_free(three[orders[i][j]]);
        expect_whole(65536);
    }
}

/* Three free blocks become one between used blocks. */
static void test_coalesce_between(void)
{
    void *three[3];

    expect_three_blocks(three, 1000);
    lab_free(three[0]);
    lab_free(three[2]);
    LAB_EXPECT(!lab_alloc(2000), "2000 bytes in free blocks of 1000");
    lab_free(three[1]);
    expect_malloc_block(3000);
}

static void test_aligned(void)
{
    if (has_given_layout())
        expect_least_padding();
    lab_heap_start(LAB_HEAP_BYTES);
    lab_count_usage();
    LAB_EXPECT(lab_alloc_aligned(8, 1u << 20),
               "NULL for 8 bytes at a multiple of 1 MiB, in a heap of 2 MiB");
    lab_heap_start(LAB_HEAP_BYTES);
    lab_count_usage();
    for (uint32_t round = 0; round < 20; round++) {
        uint32_t count = 0;

        for (size_t alignment = 8; alignment <= 65536; alignment *= 2) {
            malloc_blocks[count++] = expect_malloc_block(8 + round * 8);
            malloc_blocks[count] = lab_alloc_aligned(24 + round, alignment);
            LAB_EXPECT(malloc_blocks[count],
                       "NULL for %u bytes at a multiple of %zu", 24 + round,
                       alignment);
            count++;
        }
        while (count > 0)
            lab_free(malloc_blocks[--count]);
        expect_whole(LAB_HEAP_BYTES);
    }
}

static void test_resize(void)
{
    void *three[3], *between;
    uint32_t count;

    expect_growth_to_the_end(1000);
    expect_growth_to_the_end(8);
    count = expect_three_blocks(three, 1000);

    LAB_EXPECT(!lab_realloc(three[0], 1900), "1900 bytes with none free");
    lab_free(three[1]);
    LAB_EXPECT(!lab_realloc(three[0], 3000), "3000 bytes with 1000 free after");
    lab_free(expect_malloc_block(1000));
    LAB_EXPECT(lab_realloc(three[0], 1400) == three[0],
               "a block moves, although there is free memory after it");
    lab_free(expect_malloc_block(500));
    LAB_EXPECT(lab_realloc(three[0], 1900) == three[0],
               "a block moves, although there is free memory after it");
    LAB_EXPECT(!lab_alloc(1700), "1700 bytes with less free in a row");
    LAB_EXPECT(lab_realloc(three[0], 200) == three[0],
               "a block moves to become smaller");
    between = expect_malloc_block(1700);
    LAB_EXPECT(between > three[0] && between < three[2],
               "the end that was given back is not used");
    LAB_EXPECT(!lab_realloc(three[2], 65536), "a block as large as the heap");
    LAB_EXPECT(lab_realloc(three[2], 8) == three[2],
               "a block moves to become smaller");
    lab_free(expect_malloc_block(900));
    lab_free(three[0]);
    lab_free(between);
    lab_free(three[2]);
    while (count > 0)
        lab_free(malloc_blocks[--count]);
    expect_whole(65536);
}

static void test_resize_whole(void)
{
    lab_heap_start(65536);
    lab_count_usage();
    for (size_t bytes = 8; bytes < 20000; bytes += 472) {
        void *a = expect_malloc_block(bytes + 600),
             *b = expect_malloc_block(16);

        LAB_EXPECT(lab_realloc(a, bytes) == a,
                   "a block moves to become smaller");
        a = lab_realloc(a, bytes + 300);
        LAB_EXPECT(a, "NULL for %zu bytes, in a heap with room", bytes + 300);
        b = lab_realloc(b, 600);
        LAB_EXPECT(b, "NULL for 600 bytes, in a heap with room");
        lab_free(a);
        lab_free(b);
        expect_whole(65536);
    }
    LAB_EQUAL(heap_stats().usage.used_bytes, 0, "bytes in use");
}

static void test_out_of_memory(void)
{
    static const size_t sizes[] = { SIZE_MAX,         SIZE_MAX - 7,
                                    HEAP_REQUEST_MAX, HEAP_REQUEST_MAX - 15,
                                    0x40000000u,      65536 };
    void *a;

    lab_heap_start(65536);
    lab_count_usage();
    a = expect_malloc_block(1000);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        LAB_EXPECT(!lab_alloc(sizes[i]), "%zu bytes in a heap of 64 KiB",
                   sizes[i]);
        LAB_EXPECT(!lab_alloc_aligned(sizes[i], 4096),
                   "%zu bytes at a multiple of 4096 in a heap of 64 KiB",
                   sizes[i]);
        LAB_EXPECT(!lab_realloc(a, sizes[i]), "krealloc() to %zu bytes",
                   sizes[i]);
    }
    LAB_EXPECT(!lab_alloc_aligned(8, 1u << 31),
               "8 bytes at a multiple of 2 GiB in a heap of 64 KiB");
    lab_free(a);
    expect_whole(65536);
}

static void test_misuse(void)
{
    static const uint32_t words[] = { 0,     8,     TAG_USED | 24,
                                      0x1Au, 0x85u, UINT32_MAX };
    static uint64_t elsewhere[8];
    uint8_t *a, *b, *c;

    lab_heap_start(65536);
    a = expect_malloc_block(64);
    b = expect_malloc_block(64);
    c = expect_malloc_block(64);
    LAB_EQUAL(lab_free(b), HEAP_OK, "kfree(b)");
    LAB_EQUAL(lab_free(b), HEAP_ALREADY_FREE, "kfree(b), again");
    LAB_EQUAL(lab_free(a + 4), HEAP_MISALIGNED, "kfree(a + 4)");
    LAB_EQUAL(lab_free(a + 16), HEAP_INTERIOR, "kfree(a + 16)");
    LAB_EQUAL(lab_free(elsewhere + 4), HEAP_FOREIGN,
              "kfree() of an address outside the heap");
    LAB_EQUAL(lab_free(NULL), HEAP_OK, "kfree(NULL)");
    LAB_EQUAL(lab_free(c), HEAP_OK, "kfree(c)");
    LAB_EQUAL(lab_free(a), HEAP_OK, "kfree(a)");
    LAB_EXPECT(lab_free(c) != HEAP_OK, "kfree(c), again");
    expect_whole(65536);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        expect_malloc_refuses(words[i]);
}

static void test_tiny(void)
{
    if (has_given_layout())
        expect_smallest_heap();
    lab_heap_start(LAB_HEAP_BYTES);
    expect_malloc_block(8);
    for (size_t bytes = 0; bytes <= 400; bytes++) {
        lab_heap_start_at(bytes % 8, bytes);
        while (lab_alloc_aligned(8, 64))
            continue;
        while (lab_alloc(1))
            continue;
        lab_verify();
    }
}

static void test_stress(void)
{
    static const struct lab_stress roomy = { 4000, 4000, 1024, true, false };
    static const struct lab_stress tight = { 4000, 8000, 64, true, true };

    lab_heap_start(LAB_HEAP_BYTES);
    lab_count_usage();
    lab_stress(&roomy);
    expect_whole(LAB_HEAP_BYTES);
    lab_heap_start_at(8, 65536);
    lab_count_usage();
    lab_stress(&tight);
    expect_whole(65536);
}

static void test_trace(void)
{
    lab_replay("linux-i386-kmalloc", 60);
    lab_replay("python3-queens", 60);
}

static const struct lab_test tests[] = {
    { "first", 5, "One block from an empty heap, and back.",
      "At first the heap is one free block in the list, and the end mark.",
      NULL, test_first },
    { "many", 5, "Blocks of 400 sizes, none touching another.",
      "A block is its header and its payload, rounded up to the alignment.",
      "first", test_many },
    { "full", 10, "Fills the heap, frees all, and fills it again.",
      "Does every free block get into the list, and only once?", "first",
      test_full },
    { "reuse", 5, "Freed memory is handed out again.",
      "A free block is marked free, and it is in the list.", "first",
      test_reuse },
    { "split", 10, "One free block serves many small blocks.",
      "The piece cut off a block is a free block, and goes into the list.",
      "reuse", test_split },
    { "exact", 5, "Free blocks that fit exactly, or nearly.",
      "A rest smaller than MIN_BLOCK_BYTES is not a block: it stays with "
      "yours.",
      "split", test_exact },
    { "coalesce", 10, "Three neighbours, freed in all six orders.",
      "A freed block has two neighbours, each used or free: four cases.",
      "reuse", test_coalesce },
    { "coalesce-between", 5,
      "Three free blocks become one between used blocks.",
      "The block before is found by previous_bytes: is it kept up to date?",
      "reuse", test_coalesce_between },
    { "aligned", 10, "Payloads at multiples of 8 to 65536, without a leak.",
      "The padding must be a block of its own, or 0 bytes.", "coalesce",
      test_aligned },
    { "resize", 5, "Grows and shrinks a block in place.",
      "Growth in place takes from the free block after it; the rest goes back.",
      "split", test_resize },
    { "resize-whole", 5, "After changes of size all memory is free again.",
      "Is the rest after a resize merged with a free block after it?", "resize",
      test_resize_whole },
    { "out-of-memory", 5, "Sizes that no heap has; NULL, and nothing changes.",
      "Rounding up may overflow: refuse what is larger than the heap first.",
      "coalesce", test_out_of_memory },
    { "misuse", 5, "Wrong frees are refused, by name, and change nothing.",
      "malloc_payload_error() is given: ask it before you believe a pointer.",
      "reuse", test_misuse },
    { "tiny", 5, "Heaps of 0 to 400 bytes, at odd addresses.",
      "A heap too small for one block and the end mark is full from the start.",
      "full", test_tiny },
    { "stress", 5, "8000 random steps, then one free block is left.",
      "The steps below are the shortest that fail; draw them.", "coalesce",
      test_stress },
    { "trace", 5, "A booting Linux and a Python, in a heap of 5/3 their peak.",
      "Memory is lost, or lies in pieces: look at make replay and at the map.",
      "coalesce", test_trace },
};

const struct lab lab_malloc = { "malloc", "paging", tests,
                                sizeof tests / sizeof *tests };
