/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "model.h"

#include "mm/malloc.h"
#include "mm/malloc_block.h"

#include <string.h>

#define REGION_BYTES (64u * 1024)
/* What one block can hold at most: all but its header and the end mark. */
#define ALL_BYTES (REGION_BYTES - 16u)

static _Alignas(4096) uint8_t region[REGION_BYTES];
static struct picture before, after;

static void start(void)
{
    CHECK_EQ(malloc_init((uintptr_t)region, (uintptr_t)region + REGION_BYTES),
             STAGE_OK);
}

static void *alloc(size_t bytes)
{
    return malloc_alloc(bytes, HEAP_ALIGNMENT);
}

static void release(void *payload)
{
    CHECK_EQ(malloc_free(payload), HEAP_OK);
    CHECK_SOUND(malloc_check());
}

/* All free again, and in one piece: nothing leaked, everything coalesced. */
static void expect_empty(void)
{
    picture_take(&malloc_backend, &after);
    CHECK_EQ(after.count, 1);
    CHECK_EQ(after.blocks[0].state, BLOCK_FREE);
    CHECK_EQ(after.blocks[0].bytes, ALL_BYTES);
    CHECK_EQ(malloc_backend.usage->used_bytes, 0);
    CHECK_EQ(malloc_backend.usage->used_blocks, 0);
    CHECK_SOUND(malloc_check());
}

TEST(malloc_splits_from_the_front)
{
    uint8_t *a, *b;

    start();
    a = alloc(1);
    b = alloc(20);
    CHECK_SAME(a, region + 8);
    CHECK_SAME(b, a + 16);
    CHECK_EQ(malloc_size(a), 8);
    CHECK_EQ(malloc_size(b), 24);
    CHECK_EQ(malloc_backend.usage->used_bytes, 32);
    CHECK_SOUND(malloc_check());
}

TEST(malloc_takes_the_first_fit)
{
    uint8_t *a, *b, *c;

    start();
    a = alloc(200);
    alloc(8);
    b = alloc(100);
    alloc(8);
    c = alloc(300);
    alloc(8);
    release(c);
    release(a);
    release(b);
    CHECK_SAME(alloc(100), a);
    CHECK_SAME(alloc(250), c);
    CHECK_SOUND(malloc_check());
}

TEST(malloc_exact_fit_leaves_no_rest)
{
    uint8_t *a;

    start();
    a = alloc(104);
    alloc(8);
    release(a);
    CHECK_SAME(alloc(104), a);
    CHECK_EQ(malloc_size(a), 104);
    release(a);
    /* 8 bytes less leave a rest too small for a block: it stays with a. */
    CHECK_SAME(alloc(96), a);
    CHECK_EQ(malloc_size(a), 104);
    release(a);
    /* 16 bytes less leave the smallest block. */
    CHECK_SAME(alloc(88), a);
    CHECK_EQ(malloc_size(a), 88);
    CHECK_SAME(alloc(8), a + 96);
    CHECK_SOUND(malloc_check());
}

TEST(malloc_serves_the_last_block)
{
    void *a;

    start();
    a = alloc(ALL_BYTES);
    CHECK(a);
    expect_no_room(&malloc_backend, 1, 8);
    release(a);
    expect_empty();
    expect_no_room(&malloc_backend, ALL_BYTES + 1, 8);
    a = alloc(ALL_BYTES - 16);
    CHECK_SAME(alloc(8), region + REGION_BYTES - 16);
    expect_no_room(&malloc_backend, 1, 8);
    release(a);
    release(region + REGION_BYTES - 16);
    expect_empty();
}

TEST(malloc_coalesces_in_every_order)
{
    static const int orders[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                      { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };

    for (int i = 0; i < 6; i++) {
        void *blocks[3];

        start();
        for (int j = 0; j < 3; j++)
            blocks[j] = alloc(40);
        for (int j = 0; j < 3; j++)
            release(blocks[orders[i][j]]);
        expect_empty();
    }
}

TEST(malloc_coalesces_between_used_blocks)
{
    void *fence, *a, *b, *c;

    start();
    fence = alloc(8);
    a = alloc(40);
    b = alloc(40);
    c = alloc(40);
    alloc(8);
    release(a);
    release(c);
    release(b);
    picture_take(&malloc_backend, &after);
    CHECK_EQ(after.count, 4);
    CHECK_EQ(after.blocks[1].bytes, 3 * 48 - 8);
    CHECK_SAME(alloc(3 * 48 - 8), a);
    release(fence);
}

TEST(malloc_refuses_huge_requests)
{
    start();
    for (size_t less = 0; less < 40; less++)
        expect_no_room(&malloc_backend, SIZE_MAX - less, 8);
    expect_no_room(&malloc_backend, HEAP_REQUEST_MAX, 8);
    expect_no_room(&malloc_backend, HEAP_REQUEST_MAX, 1u << 31);
    expect_no_room(&malloc_backend, REGION_BYTES, 8);
    expect_no_room(&malloc_backend, 8, 1u << 31);
    expect_no_room(&malloc_backend, 8, 1u << 30);
}

TEST(malloc_aligns_without_leaking_the_padding)
{
    for (size_t alignment = 8; alignment <= 32768; alignment *= 2) {
        for (size_t in_front = 0; in_front < 40; in_front += 8) {
            uintptr_t payload;
            void *shift;

            start();
            shift = in_front ? alloc(in_front) : NULL;
            payload = (uintptr_t)malloc_alloc(24, alignment);
            CHECK(payload != 0);
            CHECK_EQ(payload % alignment, 0);
            CHECK_SOUND(malloc_check());
            CHECK_EQ(malloc_size((void *)payload), 24);
            release((void *)payload);
            if (shift)
                release(shift);
            expect_empty();
        }
    }
}

TEST(malloc_padding_is_used_by_others)
{
    uintptr_t page;

    start();
    page = (uintptr_t)malloc_alloc(4096 - 8, 4096);
    CHECK_EQ(page, (uintptr_t)region + 4096);
    CHECK_SAME(alloc(4096 - 16), region + 8);
    /* Pages less one header lie page against page. */
    CHECK_SAME(malloc_alloc(4096 - 8, 4096), page + 4096);
    CHECK_SOUND(malloc_check());
}

TEST(malloc_aligned_exact_fit)
{
    uint8_t *a;

    start();
    a = malloc_alloc(4096, 4096);
    alloc(8);
    release(a);
    alloc(4096 - 32); /* up to a smallest block in front of a's header */
    CHECK_SAME(malloc_alloc(4096, 4096), a);
    CHECK_SOUND(malloc_check());
}

TEST(malloc_resize_grows_into_a_free_neighbour)
{
    uint8_t *a, *b, *c;

    start();
    a = alloc(40);
    b = alloc(40);
    c = alloc(40);
    memset(a, 7, 40);
    CHECK(!malloc_resize(a, 48));
    release(b);
    CHECK(malloc_resize(a, 41));
    CHECK_EQ(malloc_size(a), 48);
    CHECK_SOUND(malloc_check());
    CHECK(malloc_resize(a, 88));
    CHECK_EQ(malloc_size(a), 88);
    CHECK_SOUND(malloc_check());
    for (int i = 0; i < 40; i++)
        CHECK_EQ(a[i], 7);
    picture_take(&malloc_backend, &before);
    CHECK(!malloc_resize(a, 89));
    picture_take(&malloc_backend, &after);
    CHECK(picture_equal(&before, &after));
    CHECK(malloc_resize(c, ALL_BYTES - 96));
    expect_no_room(&malloc_backend, 1, 8);
    CHECK_EQ(malloc_backend.usage->used_bytes, ALL_BYTES - 8);
    CHECK_EQ(malloc_backend.usage->peak_bytes, ALL_BYTES - 8);
    CHECK(!malloc_resize(c, SIZE_MAX));
    CHECK(!malloc_resize(c, SIZE_MAX - 7));
    CHECK_SOUND(malloc_check());
}

TEST(malloc_resize_gives_the_end_back)
{
    uint8_t *a, *b;

    start();
    a = alloc(100);
    b = alloc(100);
    CHECK(malloc_resize(a, 100));
    CHECK(malloc_resize(a, 89)); /* 8 bytes less are no block */
    CHECK_EQ(malloc_size(a), 104);
    CHECK(malloc_resize(a, 50));
    CHECK_EQ(malloc_size(a), 56);
    CHECK_SOUND(malloc_check());
    CHECK_SAME(alloc(40), a + 64);
    CHECK(malloc_resize(b, 89)); /* 8 bytes less, but free memory follows */
    CHECK_EQ(malloc_size(b), 96);
    CHECK_SOUND(malloc_check());
    release(b);
    release(a + 64);
    release(a);
    expect_empty();
}

TEST(malloc_copes_with_tiny_and_crooked_regions)
{
    uintptr_t at = (uintptr_t)region;

    for (size_t bytes = 0; bytes < 400; bytes++) {
        for (size_t offset = 0; offset < 8; offset++) {
            malloc_init(at + offset, at + offset + bytes);
            CHECK_SOUND(malloc_check());
            while (alloc(1))
                CHECK_SOUND(malloc_check());
            expect_no_room(&malloc_backend, 1, 8);
        }
    }
    malloc_init(at, at + 24);
    CHECK_SAME(alloc(8), at + 8);
    malloc_init(at, at + 23);
    expect_no_room(&malloc_backend, 1, 8);
    malloc_init(at + 64, at);
    expect_no_room(&malloc_backend, 1, 8);
    expect_refused(&malloc_backend, (void *)(at + 64), HEAP_FOREIGN);
}

TEST(malloc_names_misuse)
{
    uint8_t *a, *b, *c, *d;
    uint64_t on_stack[4] = { 0 };

    start();
    a = alloc(64);
    b = alloc(64);
    c = alloc(64);
    d = alloc(64);
    memset(a, 0x55, 64);
    memset(d, 0, 64);
    release(b);
    expect_refused(&malloc_backend, b, HEAP_ALREADY_FREE);
    expect_refused(&malloc_backend, a + 8, HEAP_INTERIOR);
    expect_refused(&malloc_backend, a - 8, HEAP_INTERIOR);
    expect_refused(&malloc_backend, a + 4, HEAP_MISALIGNED);
    expect_refused(&malloc_backend, a + 1, HEAP_MISALIGNED);
    expect_refused(&malloc_backend, d + 56, HEAP_INTERIOR);
    expect_refused(&malloc_backend, b + 16, HEAP_ALREADY_FREE);
    expect_refused(&malloc_backend, on_stack + 1, HEAP_FOREIGN);
    expect_refused(&malloc_backend, NULL, HEAP_FOREIGN);
    expect_refused(&malloc_backend, (void *)0xDEADBEE8, HEAP_FOREIGN);
    expect_refused(&malloc_backend, (void *)8, HEAP_FOREIGN);
    expect_refused(&malloc_backend, region + REGION_BYTES, HEAP_FOREIGN);
    expect_refused(&malloc_backend, region + REGION_BYTES - 8, HEAP_FOREIGN);
    /* Later, after b has become part of a larger free block. */
    release(c);
    expect_refused(&malloc_backend, c, HEAP_ALREADY_FREE);
    release(a);
    expect_refused(&malloc_backend, b, HEAP_ALREADY_FREE);
    /* And after it has become part of a larger used one. */
    CHECK_SAME(alloc(3 * 72 - 8), a);
    expect_refused(&malloc_backend, b, HEAP_INTERIOR);
    expect_refused(&malloc_backend, c, HEAP_INTERIOR);
}

TEST(malloc_refuses_what_an_overflow_damaged)
{
    uint8_t *a, *b, *c;

    start();
    a = alloc(40);
    b = alloc(40);
    c = alloc(40);
    memset(a, 0xAA, 40 + 8); /* over b's header */
    CHECK_EQ(malloc_free(b), HEAP_CORRUPT);
    CHECK_EQ(malloc_free(a), HEAP_CORRUPT);
    CHECK_EQ(malloc_free(c), HEAP_CORRUPT);
    CHECK_EQ(malloc_size(a), 0);
    expect_violation(&malloc_backend, "I1");
    start();
    a = alloc(40);
    b = alloc(40);
    c = alloc(40);
    release(b);
    memset(b, 0xAA, 8); /* b's links, after it was freed */
    CHECK_EQ(malloc_free(a), HEAP_CORRUPT);
    CHECK_EQ(malloc_free(c), HEAP_CORRUPT);
    CHECK(!malloc_resize(a, 60));
    expect_violation(&malloc_backend, "I4");
}

static struct block_header *used(size_t bytes)
{
    return block_of(alloc(bytes));
}

TEST(malloc_check_names_each_invariant)
{
    struct block_header *a;

    start();
    used(40)->bytes_and_state += 8;
    expect_violation(&malloc_backend, "I1");
    start();
    used(40)->bytes_and_state = TAG_USED;
    expect_violation(&malloc_backend, "I1");
    start();
    used(40)->bytes_and_state = ~0u;
    expect_violation(&malloc_backend, "I1");
    start();
    used(40)->bytes_and_state ^= 1;
    expect_violation(&malloc_backend, "I1");
    start();
    used(ALL_BYTES - 16);
    ((struct block_header *)malloc_heap.end)->bytes_and_state = TAG_FREE;
    expect_violation(&malloc_backend, "I1");
    start();
    used(40)->previous_bytes = 48;
    expect_violation(&malloc_backend, "I2");
    start();
    block_next(used(40))->previous_bytes += 16;
    expect_violation(&malloc_backend, "I2");
    start();
    ((struct block_header *)malloc_heap.end)->previous_bytes += 16;
    expect_violation(&malloc_backend, "I2");
    start();
    a = used(40);
    a->bytes_and_state = 48 | TAG_FREE;
    expect_violation(&malloc_backend, "I3");
    start();
    a = used(40);
    used(40);
    a->bytes_and_state = 48 | TAG_FREE;
    expect_violation(&malloc_backend, "I4");
    start();
    malloc_heap.usage.used_bytes += 8;
    expect_violation(&malloc_backend, "I5");
    start();
    malloc_heap.usage.used_blocks++;
    expect_violation(&malloc_backend, "I5");
}

/* Three free blocks with used ones between; returns the middle one. */
static struct free_block *three_free_blocks(void)
{
    uint8_t *a, *b;

    start();
    a = alloc(40);
    alloc(40);
    b = alloc(40);
    alloc(40);
    release(a);
    release(b);
    return (struct free_block *)block_of(b);
}

TEST(malloc_check_names_a_damaged_list)
{
    struct free_block *middle = three_free_blocks();
    struct list_link *first, *last;

    middle->link.next = (struct list_link *)0x10; /* wild */
    expect_violation(&malloc_backend, "I4");
    middle = three_free_blocks();
    middle->link.next = &middle->link; /* a cycle */
    expect_violation(&malloc_backend, "I4");
    middle = three_free_blocks();
    middle->link.next = middle->link.previous; /* a longer one */
    expect_violation(&malloc_backend, "I4");
    middle = three_free_blocks();
    middle->link.previous = NULL;
    expect_violation(&malloc_backend, "I4");
    middle = three_free_blocks();
    list_remove(&middle->link); /* lost */
    expect_violation(&malloc_backend, "I4");
    middle = three_free_blocks();
    last = middle->link.next;
    list_remove(&middle->link);
    list_insert_after(last, &middle->link); /* out of order */
    expect_violation(&malloc_backend, "I4");
    middle = three_free_blocks();
    first = middle->link.previous;
    malloc_heap.free_list.previous = first;
    expect_violation(&malloc_backend, "I4");
}

static void random_run(size_t bytes, size_t largest)
{
    struct model model = {
        .backend = &malloc_backend,
        .start = start,
        .begin = (uintptr_t)region,
        .end = (uintptr_t)region + bytes,
        .largest_request = largest,
        .largest_alignment = 1024,
        .steps = 2000,
    };

    model_run(&model, 12);
}

TEST(malloc_random_run_keeps_its_promises)
{
    random_run(REGION_BYTES, 2000);
}

TEST(malloc_random_run_that_runs_out_of_memory)
{
    random_run(REGION_BYTES, REGION_BYTES / 4);
}

TEST(malloc_random_run_leaves_one_free_block)
{
    random_run(REGION_BYTES, 300);
    expect_empty();
}
