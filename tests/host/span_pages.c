/* SPDX-License-Identifier: MIT */
/* Hands out pages for spans, up to a limit. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "span_pages.h"

#include "harness.h"

#include <string.h>
#include <sys/mman.h>

struct span_pages pages;

static uint8_t is_taken[PAGES_MAX];
static uint8_t page_map[PAGES_MAX];

static uint8_t *tail_of(size_t first, size_t count)
{
    return pages.memory + (first + count) * PAGE_BYTES - PAGE_RUN_TAIL;
}

static bool is_free(size_t first, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_taken[first + i])
            return false;
    }
    return true;
}

static void *take(size_t count)
{
    if (pages.taken + count > pages.limit)
        return NULL;
    for (size_t i = 0; i + count <= PAGES_MAX; i++) {
        if (!is_free(i, count))
            continue;
        memset(is_taken + i, 1, count);
        pages.taken += count;
        memset(pages.memory + i * PAGE_BYTES, 0xEE, count * PAGE_BYTES);
        memset(tail_of(i, count), 0x77, PAGE_RUN_TAIL);
        return pages.memory + i * PAGE_BYTES;
    }
    return NULL;
}

static void give(void *first, size_t count)
{
    size_t at = (size_t)((uint8_t *)first - pages.memory) / PAGE_BYTES;

    CHECK_EQ((uintptr_t)first % PAGE_BYTES, 0);
    for (size_t i = 0; i < count; i++)
        CHECK_EQ(is_taken[at + i], 1);
    for (size_t i = 0; i < PAGE_RUN_TAIL; i++)
        CHECK_EQ(tail_of(at, count)[i], 0x77);
    memset(is_taken + at, 0, count);
    memset(first, 0xDD, count * PAGE_BYTES);
    pages.taken -= count;
}

void pages_start(enum span_policy policy)
{
    if (!pages.memory) {
        pages.memory =
            mmap(NULL, PAGES_MAX * PAGE_BYTES, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(pages.memory != MAP_FAILED);
    }
    memset(is_taken, 0, sizeof is_taken);
    pages.taken = 0;
    pages.limit = PAGES_MAX;
    pages.source = (struct page_source){
        .begin = (uintptr_t)pages.memory,
        .end = (uintptr_t)pages.memory + PAGES_MAX * PAGE_BYTES,
        .take = take,
        .give = give,
        .page_map = page_map,
    };
    CHECK_EQ(spans_init(&pages.source, span_policies[policy]), STAGE_OK);
}
