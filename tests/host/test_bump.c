/* SPDX-License-Identifier: MIT */
/* The bump allocator, and its checker. */
#include "harness.h"
#include "model.h"

#include "mm/heap/bump.h"
#include "mm/heap/bump_block.h"

#include <string.h>

#define REGION_BYTES (64u * 1024)

static _Alignas(4096) uint8_t region[REGION_BYTES];

static void start(void)
{
    CHECK_EQ(bump_init((uintptr_t)region, (uintptr_t)region + REGION_BYTES),
             STAGE_OK);
}

static void *alloc(size_t bytes)
{
    return bump_alloc(bytes, HEAP_ALIGNMENT);
}

TEST(bump_blocks_follow_each_other)
{
    uint8_t *a, *b;

    start();
    a = alloc(5);
    b = alloc(8);
    CHECK_SAME(a, region + 8);
    CHECK_SAME(b, a + 8 + 8);
    CHECK_EQ(bump_size(a), 8);
    CHECK_EQ(bump_backend.usage->used_bytes, 16);
    CHECK_EQ(bump_backend.usage->used_blocks, 2);
    CHECK_SOUND(bump_check());
}

TEST(bump_memory_never_comes_back)
{
    uint8_t *a, *b;

    start();
    a = alloc(100);
    CHECK_EQ(bump_free(a), HEAP_OK);
    b = alloc(100);
    CHECK(b > a);
    CHECK_EQ(bump_backend.usage->used_blocks, 1);
    CHECK_EQ(bump_backend.usage->peak_bytes, 104);
    CHECK_SOUND(bump_check());
}

TEST(bump_uses_the_last_byte)
{
    start();
    CHECK(alloc(REGION_BYTES - 16));
    expect_no_room(&bump_backend, 1, 8);
    start();
    expect_no_room(&bump_backend, REGION_BYTES - 7, 8);
    CHECK(alloc(REGION_BYTES - 8));
    expect_no_room(&bump_backend, 1, 8);
}

TEST(bump_refuses_huge_requests)
{
    start();
    for (size_t less = 0; less < 20; less++)
        expect_no_room(&bump_backend, SIZE_MAX - less, 8);
    expect_no_room(&bump_backend, HEAP_REQUEST_MAX, 8);
    expect_no_room(&bump_backend, 8, 1u << 31);
}

TEST(bump_aligns_and_still_tiles)
{
    start();
    for (size_t alignment = 8; alignment <= 4096; alignment *= 2) {
        uintptr_t payload = (uintptr_t)bump_alloc(3, alignment);

        CHECK(payload != 0);
        CHECK_EQ(payload % alignment, 0);
        CHECK_SOUND(bump_check());
    }
    CHECK_EQ(bump_backend.usage->used_blocks, 10);
}

TEST(bump_resize_only_shrinks)
{
    void *a;

    start();
    a = alloc(20);
    CHECK(bump_resize(a, 24));
    CHECK(bump_resize(a, 1));
    CHECK(!bump_resize(a, 25));
    CHECK_EQ(bump_size(a), 24);
}

TEST(bump_copes_with_tiny_and_crooked_regions)
{
    uintptr_t at = (uintptr_t)region;

    for (size_t bytes = 0; bytes < 64; bytes++) {
        for (size_t offset = 0; offset < 8; offset++) {
            bump_init(at + offset, at + offset + bytes);
            while (alloc(1))
                continue;
            CHECK_SOUND(bump_check());
            expect_no_room(&bump_backend, 1, 8);
        }
    }
    bump_init(at + 16, at + 8);
    expect_no_room(&bump_backend, 1, 8);
    bump_init(at + 3, at + 30);
    CHECK_SAME(alloc(8), at + 16);
    expect_no_room(&bump_backend, 1, 8);
}

TEST(bump_names_misuse)
{
    uint8_t *a, *b, *c;
    uint64_t on_stack[4] = { 0 };

    start();
    a = alloc(64);
    b = alloc(64);
    c = alloc(64);
    memset(a, 0x55, 64);
    memset(b, 0, 64);
    CHECK_EQ(bump_free(b), HEAP_OK);
    expect_refused(&bump_backend, b, HEAP_ALREADY_FREE);
    expect_refused(&bump_backend, a + 8, HEAP_INTERIOR);
    expect_refused(&bump_backend, a + 4, HEAP_MISALIGNED);
    expect_refused(&bump_backend, a + 1, HEAP_MISALIGNED);
    expect_refused(&bump_backend, a - 8, HEAP_INTERIOR);
    expect_refused(&bump_backend, b + 16, HEAP_INTERIOR);
    expect_refused(&bump_backend, on_stack + 1, HEAP_FOREIGN);
    expect_refused(&bump_backend, NULL, HEAP_FOREIGN);
    expect_refused(&bump_backend, (void *)0xDEADBEE8, HEAP_FOREIGN);
    expect_refused(&bump_backend, c + 64, HEAP_FOREIGN);
    expect_refused(&bump_backend, region + REGION_BYTES, HEAP_FOREIGN);
    alloc(64);
    expect_refused(&bump_backend, b, HEAP_ALREADY_FREE);
}

TEST(bump_refuses_a_block_whose_header_is_overwritten)
{
    uint8_t *a, *b;

    start();
    a = alloc(16);
    b = alloc(16);
    memset(a, 0xAA, 16 + 8);
    CHECK_EQ(bump_free(b), HEAP_CORRUPT);
    CHECK_EQ(bump_size(b), 0);
    CHECK_EQ(bump_free(a), HEAP_OK);
}

static struct bump_header *header_before(void *payload)
{
    return (struct bump_header *)payload - 1;
}

TEST(bump_check_names_each_invariant)
{
    start();
    header_before(alloc(16))->bytes = 12;
    expect_violation(&bump_backend, "I1");
    start();
    header_before(alloc(16))->bytes = UINT32_MAX & ~7u;
    expect_violation(&bump_backend, "I1");
    CHECK(!bump_walk(NULL, NULL));
    start();
    alloc(16);
    bump_heap.top += 8;
    region[20 + 8] = 1;
    CHECK(!is_sound(bump_check()));
    start();
    alloc(16);
    bump_heap.top = bump_heap.end + 8;
    expect_violation(&bump_backend, "I1");
    start();
    header_before(alloc(16))->state = 1;
    expect_violation(&bump_backend, "I2");
    start();
    header_before(alloc(16))->state = BUMP_FREED;
    expect_violation(&bump_backend, "I3");
    start();
    alloc(16);
    bump_heap.usage.used_blocks++;
    expect_violation(&bump_backend, "I3");
}

TEST(bump_random_run_keeps_its_promises)
{
    struct model model = {
        .backend = &bump_backend,
        .start = start,
        .begin = (uintptr_t)region,
        .end = (uintptr_t)region + REGION_BYTES,
        .largest_request = 3000,
        .largest_alignment = 256,
        .steps = 1000,
    };

    model_run(&model, 10);
}
