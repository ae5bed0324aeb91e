/* SPDX-License-Identifier: MIT */
/* Lab 4: what several tests need, and tests of the very end of things. */
#include "tests.h"

#include "mm/malloc/malloc_block.h"

/* Room for three blocks and some more.  Each refusal prints a line, and the
 * lines of a test have a limit. */
#define REFUSES_BYTES 320u

void *malloc_blocks[MOST];

void *expect_malloc_block(size_t bytes)
{
    void *payload = lab_alloc(bytes);

    LAB_EXPECT(payload, "NULL for %zu bytes, in a heap with room", bytes);
    return payload;
}

/* Blocks of `bytes` until there is no room; at most MOST. */
uint32_t malloc_fill(size_t bytes)
{
    uint32_t count = 0;

    while (count < MOST && (malloc_blocks[count] = lab_alloc(bytes)) != NULL)
        count++;
    return count;
}

static void swap(void **a, void **b)
{
    void *kept = *a;

    *a = *b;
    *b = kept;
}

/* An allocator may lay them out in any order. */
static void sort_by_address(void *three[3])
{
    if (three[1] < three[0])
        swap(&three[0], &three[1]);
    if (three[2] < three[1])
        swap(&three[1], &three[2]);
    if (three[1] < three[0])
        swap(&three[0], &three[1]);
}

/* Three blocks of `bytes` side by side, by address, and as many others as there
 * is room for; returns how many. */
uint32_t expect_three_blocks(void *three[3], size_t bytes)
{
    lab_heap_start(65536);
    for (size_t i = 0; i < 3; i++)
        three[i] = expect_malloc_block(bytes);
    sort_by_address(three);
    return malloc_fill(bytes);
}

/* Whether blocks are laid out as malloc_block.h says. */
bool has_given_layout(void)
{
    uint8_t *payload;

    lab_heap_start(4096);
    payload = expect_malloc_block(4096 - MOST_OVERHEAD);
    return (uintptr_t)payload == lab_heap_begin() + HEADER_BYTES &&
           lab_word(payload - HEADER_BYTES) % HEAP_ALIGNMENT == TAG_USED;
}

/* The smallest heap that has a block serves one. */
void expect_smallest_heap(void)
{
    lab_heap_start(MIN_BLOCK_BYTES + HEADER_BYTES - 1);
    LAB_EXPECT(!lab_alloc(8), "a block in a heap that is too small for one");
    lab_heap_start(MIN_BLOCK_BYTES + HEADER_BYTES);
    LAB_EXPECT(lab_alloc(8), "NULL in a heap of one block and the end mark");
    LAB_EXPECT(!lab_alloc(8), "a second block in a heap of one");
}

/* The padding before the payload is as short as possible. */
void expect_least_padding(void)
{
    for (size_t i = 0; i < 8 * 8; i++) {
        size_t alignment = 16u << i / 8, offset = i % 8 * HEAP_ALIGNMENT;
        uintptr_t first = lab_heap_begin() + offset + HEADER_BYTES, at = first;

        while (at % alignment != 0 ||
               (at > first && at - first < MIN_BLOCK_BYTES))
            at += HEAP_ALIGNMENT;
        lab_heap_start_at(offset, 4096);
        LAB_EXPECT((uintptr_t)lab_alloc_aligned(8, alignment) == at,
                   "8 bytes at a multiple of %zu: the first that leaves a "
                   "block, or 0 bytes, before it is %#lx",
                   alignment, (unsigned long)at);
        lab_heap_start_at(offset, 4096);
        LAB_EXPECT(
            lab_alloc_aligned(first + 4096 - 2 * HEADER_BYTES - at, alignment),
            "NULL for all from %#lx on", (unsigned long)at);
    }
}

/* A block grows over all of the free block after it, and no further. */
void expect_growth_to_the_end(size_t bytes)
{
    void *three[3];
    uintptr_t stride, most;

    expect_three_blocks(three, bytes);
    stride = (uintptr_t)three[1] - (uintptr_t)three[0];
    most = 2 * stride - (stride - lab_size(three[0]));
    lab_free(three[1]);
    LAB_EXPECT(!lab_realloc(three[0], most + 1),
               "%zu bytes, where %zu lie before the next block", most + 1,
               most);
    LAB_EXPECT(lab_realloc(three[0], most) == three[0],
               "a block moves, although %zu bytes lie before the next one",
               most);
    lab_verify();
    LAB_EXPECT(lab_realloc(three[0], bytes) == three[0],
               "a block moves to become smaller");
    LAB_EXPECT(lab_alloc(bytes), "what was given back does not serve again");
}

/* Every address in and around three blocks full of `word`, of which the one in
 * the middle is free. */
void expect_malloc_refuses(uint32_t word)
{
    uint8_t *a, *b, *c;

    lab_heap_start(REFUSES_BYTES);
    lab_count_usage();
    a = expect_malloc_block(40);
    b = expect_malloc_block(72);
    c = expect_malloc_block(64);
    lab_fill(a, word);
    lab_fill(c, word);
    LAB_EQUAL(lab_free(b), HEAP_OK, "kfree(b)");
    for (uintptr_t at = lab_heap_begin() - 24;
         at < lab_heap_begin() + REFUSES_BYTES + 24; at++) {
        enum heap_error error = HEAP_OK;

        if (at != (uintptr_t)a && at != (uintptr_t)c)
            error = lab_free((void *)at); /* which refuses it, or fails */
        LAB_EXPECT(error != HEAP_CORRUPT,
                   "kfree(%#lx) says that the heap is damaged, which is sound",
                   (unsigned long)at);
    }
    LAB_EQUAL(lab_free(b), HEAP_ALREADY_FREE, "kfree(b), again");
    LAB_EXPECT(lab_resize_refused(b, 8) && lab_resize_refused(a + 8, 8) &&
                   lab_resize_refused(b, 64),
               "malloc_resize() of an address that is not a block in use");
    LAB_EQUAL(lab_free((void *)(lab_heap_begin() + REFUSES_BYTES)),
              HEAP_FOREIGN, "kfree() of the heap's end");
    LAB_EQUAL(lab_free(a), HEAP_OK, "kfree(a)");
    LAB_EQUAL(lab_free(c), HEAP_OK, "kfree(c)");
    LAB_EXPECT(lab_alloc(REFUSES_BYTES - MOST_OVERHEAD),
               "not in one piece again");
}
