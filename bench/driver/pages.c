/* SPDX-License-Identifier: MIT */
/* Hands out pages at almost no cost. */
#include "bench/driver/pages.h"

#include "lib/panic.h"

/* Longer runs are taken once, and not given back. */
#define LENGTHS 8u

struct run {
    struct run *next;
};

static struct run *returned[LENGTHS];
static uintptr_t top, limit;

static void *take(size_t count)
{
    size_t bytes = count * PAGE_BYTES;
    struct run *run;

    if (count < LENGTHS && returned[count]) {
        run = returned[count];
        returned[count] = run->next;
        return run;
    }
    if (bytes > limit - top)
        return NULL;
    top += bytes;
    return (void *)(top - bytes);
}

static void give(void *first, size_t count)
{
    struct run *run = first;

    ASSERT(count < LENGTHS);
    run->next = returned[count];
    returned[count] = run;
}

struct page_source pages_start(uintptr_t begin, uintptr_t end)
{
    for (size_t i = 0; i < LENGTHS; i++)
        returned[i] = NULL;
    top = align_up(begin, PAGE_BYTES);
    limit = align_down(end, PAGE_BYTES);
    if (limit < top)
        limit = top;
    return (struct page_source){
        .begin = top, .end = limit, .take = take, .give = give
    };
}
