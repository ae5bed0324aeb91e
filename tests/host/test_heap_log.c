/* SPDX-License-Identifier: MIT */
/* The log of calls of the kmalloc layer. */
#include "harness.h"

#include "mm/heap/bump.h"
#include "mm/heap/heap.h"
#include "mm/heap/heap_log.h"

#include <string.h>

static _Alignas(8) char memory[64 * 1024];

static void start(void)
{
    uintptr_t begin = (uintptr_t)memory;

    memset(&heap_log, 0, sizeof heap_log);
    CHECK(bump_init(begin, begin + sizeof memory) == STAGE_OK);
    heap_log_use(true);
    heap_start(begin, begin + sizeof memory, &bump_backend);
}

TEST(heap_log_is_off_until_turned_on)
{
    memset(&heap_log, 0, sizeof heap_log);
    start();
    CHECK(heap_log_use(false));
    kfree(kmalloc(8));
    CHECK_EQ(heap_log.next, 1); /* the start alone */
    CHECK(!heap_log_use(true));
}

TEST(heap_log_tells_the_calls_last_first)
{
    void *block, *moved;

    start();
    block = kmalloc(24);
    moved = krealloc(block, 4000);
    kfree(moved);
    CHECK_EQ(heap_log_call(0)->kind, HEAP_CALL_FREE);
    CHECK_EQ(heap_log_call(0)->payload, (uintptr_t)moved);
    CHECK_EQ(heap_log_call(1)->kind, HEAP_CALL_RESIZE);
    CHECK_EQ(heap_log_call(1)->was, (uintptr_t)block);
    CHECK_EQ(heap_log_call(1)->payload, (uintptr_t)moved);
    CHECK_EQ(heap_log_call(1)->bytes, 4000);
    CHECK_EQ(heap_log_call(2)->kind, HEAP_CALL_ALLOC);
    CHECK_EQ(heap_log_call(2)->bytes, 24);
    CHECK_EQ(heap_log_call(3)->kind, HEAP_CALL_START);
    CHECK(heap_log_call(4) == NULL);
}

TEST(heap_log_marks_what_was_refused)
{
    char *block;

    start();
    block = kmalloc(24);
    CHECK(kfree(block + 8) != HEAP_OK);
    CHECK_EQ(heap_log_call(0)->kind, HEAP_CALL_REFUSED);
    CHECK_EQ(heap_log_call(0)->payload, (uintptr_t)block + 8);
    CHECK(krealloc(block + 8, 4) == NULL);
    CHECK_EQ(heap_log_call(0)->kind, HEAP_CALL_REFUSED);
    CHECK_EQ(heap_log_call(0)->was, (uintptr_t)block + 8);
    CHECK_EQ(heap_log_call(2)->kind, HEAP_CALL_ALLOC);
    printed_text();
}

TEST(heap_log_keeps_the_newest)
{
    start();
    for (size_t i = 0; i < 3 * HEAP_LOG_CALLS; i++)
        kmalloc(i + 1);
    for (uint32_t back = 0; back < HEAP_LOG_CALLS; back++)
        CHECK_EQ(heap_log_call(back)->bytes, 3 * HEAP_LOG_CALLS - back);
    CHECK(heap_log_call(HEAP_LOG_CALLS) == NULL);
    CHECK(heap_log_call(UINT32_MAX) == NULL);
}

TEST(heap_log_finds_the_last_call_about_an_address)
{
    char *block, *other;

    start();
    block = kmalloc(24);
    other = kmalloc(24);
    CHECK_EQ(heap_log_find((uintptr_t)block + 23)->kind, HEAP_CALL_ALLOC);
    kfree(block);
    CHECK_EQ(heap_log_find((uintptr_t)block)->kind, HEAP_CALL_FREE);
    CHECK_EQ(heap_log_find((uintptr_t)block + 23)->kind, HEAP_CALL_FREE);
    CHECK_EQ(heap_log_find((uintptr_t)other)->kind, HEAP_CALL_ALLOC);
    CHECK(heap_log_find((uintptr_t)other + 1000) == NULL);
    heap_start((uintptr_t)memory, (uintptr_t)memory + 4096, &bump_backend);
    CHECK(heap_log_find((uintptr_t)other) == NULL);
}
