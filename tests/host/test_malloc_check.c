/* SPDX-License-Identifier: MIT */
/* Misuse is named, and so is damage. */
#include "harness.h"
#include "model.h"

#include "mm/malloc/malloc.h"
#include "mm/malloc/malloc_block.h"

#include <string.h>

#define REGION_BYTES (64u * 1024)
/* The most that one block can hold: all but its header and the end mark. */
#define ALL_BYTES (REGION_BYTES - 16u)

static _Alignas(4096) uint8_t region[REGION_BYTES];

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

TEST(malloc_refuses_each_damaged_link)
{
    struct list_link *links[2];
    uint8_t *a, *b, *c;

    for (int damage = 0; damage < 4; damage++) {
        start();
        a = alloc(40);
        b = alloc(40);
        alloc(40);
        c = alloc(40);
        alloc(40);
        release(b);
        release(c);
        links[0] = &((struct free_block *)block_of(b))->link;
        links[1] = &((struct free_block *)block_of(c))->link;
        if (damage == 0)
            links[0]->previous = (struct list_link *)0x10;
        else if (damage == 1)
            links[0]->next = (struct list_link *)0x10;
        else if (damage == 2)
            links[0]->next = links[1]->next;
        else
            links[0]->previous = links[1];
        CHECK_EQ(malloc_free(a), HEAP_CORRUPT);
        CHECK(!malloc_resize(a, 60));
        expect_violation(&malloc_backend, "I4");
    }
}

/* Payload may hold anything, even headers: two that agree with each other, of
 * which the second does not agree with what follows it. */
TEST(malloc_is_not_deceived_by_headers_in_payload)
{
    struct block_header *forged;

    start();
    forged = alloc(80);
    memset(forged, 0, 80);
    forged[1] = (struct block_header){ 32 | TAG_USED, 16 };
    forged[5] = (struct block_header){ 16 | TAG_USED, 32 };
    expect_refused(&malloc_backend, &forged[6], HEAP_INTERIOR);
    /* And one that agrees with what follows, but not with what precedes. */
    forged[7] = (struct block_header){ 0, 16 };
    forged[5].previous_bytes = 24;
    expect_refused(&malloc_backend, &forged[6], HEAP_INTERIOR);
}

static struct block_header *used(size_t bytes)
{
    return block_of(alloc(bytes));
}

TEST(malloc_check_names_damaged_headers)
{
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
    used(40)->previous_bytes = 48;
    expect_violation(&malloc_backend, "I2");
    start();
    block_next(used(40))->previous_bytes += 16;
    expect_violation(&malloc_backend, "I2");
}

TEST(malloc_check_names_a_damaged_end_mark)
{
    start();
    used(ALL_BYTES - 16);
    block_at(malloc_heap.end)->bytes_and_state = HEADER_BYTES | TAG_FREE;
    expect_violation(&malloc_backend, "I1");
    start();
    block_at(malloc_heap.end)->previous_bytes += 16;
    expect_violation(&malloc_backend, "I2");
}

TEST(malloc_check_names_states_and_counters)
{
    struct block_header *a;

    start();
    a = used(40);
    a->bytes_and_state = 48 | TAG_FREE; /* and free memory follows */
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
