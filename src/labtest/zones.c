/* SPDX-License-Identifier: MIT */
/* The calls of labs 5 and 6: one small backend alone, over pages that are
 * counted one by one.
 *
 *     arena  | taken | taken | free | taken | free ...
 *              ^ from here on the next free run is looked for
 */
#include "labtest/common.h"
#include "labtest/live_blocks.h"
#include "labtest/soundness.h"
#include "labtest/usage.h"
#include "lib/string.h"
#include "mm/spans/spans.h"

#define MOST_PAGES (LAB_ARENA_BYTES / PAGE_BYTES)
#define BLANK      0x6B /* in pages that are handed out */

static struct {
    uint8_t taken[MOST_PAGES];
    bool is_end[MOST_PAGES]; /* of a run that is taken */
    uint8_t page_map[MOST_PAGES];
    size_t pages, limit, used, cursor;
} pool;

static uint8_t *page_at(size_t index)
{
    return (uint8_t *)phys_to_virt(lab_places.arena) + index * PAGE_BYTES;
}

/* The tail that belongs to the source:  BLANK, unless student code has written
 * there. */
static uint8_t *tail_of(size_t last)
{
    return page_at(last + 1) - PAGE_RUN_TAIL;
}

static void check_tail(size_t last)
{
    const uint8_t *tail = tail_of(last);

    lab_side_unguard(tail, PAGE_RUN_TAIL);
    for (size_t i = 0; i < PAGE_RUN_TAIL; i++)
        LAB_EXPECT(tail[i] == BLANK,
                   "the last %u bytes of a run of pages are the source's; byte "
                   "%zu has been written to",
                   PAGE_RUN_TAIL, i);
    lab_side_guard(tail, PAGE_RUN_TAIL);
}

static bool is_free_run(size_t first, size_t count)
{
    for (size_t i = first; i < first + count; i++) {
        if (i >= pool.pages || pool.taken[i])
            return false;
    }
    return true;
}

static void *pool_take(size_t count)
{
    if (pool.used + count > pool.limit)
        return NULL;
    for (size_t tried = 0; tried < pool.pages; tried++) {
        size_t first = (pool.cursor + tried) % pool.pages;

        if (!is_free_run(first, count))
            continue;
        memset(pool.taken + first, 1, count);
        pool.is_end[first + count - 1] = true;
        memset(page_at(first), BLANK, count * PAGE_BYTES);
        lab_side_guard(tail_of(first + count - 1), PAGE_RUN_TAIL);
        pool.used += count;
        pool.cursor = first + count;
        return page_at(first);
    }
    return NULL;
}

static void pool_give(void *run, size_t count)
{
    size_t first = ((uintptr_t)run - (uintptr_t)page_at(0)) / PAGE_BYTES;

    for (size_t i = first; i < first + count; i++) {
        if (i >= pool.pages || !pool.taken[i])
            LAB_FAIL("page %#lx is given back, but was not taken",
                     (unsigned long)run + (i - first) * PAGE_BYTES);
        if (pool.is_end[i]) {
            check_tail(i);
            lab_side_unguard(tail_of(i), PAGE_RUN_TAIL);
        }
        pool.taken[i] = 0;
        pool.is_end[i] = false;
    }
    pool.used -= count;
}

/* The large backend of these tests: it has no memory. */

static void *zones_no_alloc(size_t bytes, size_t alignment)
{
    (void)bytes;
    (void)alignment;
    return NULL;
}

static enum heap_error zones_no_free(void *payload)
{
    (void)payload;
    return HEAP_FOREIGN;
}

static bool zones_no_resize(void *payload, size_t bytes)
{
    (void)payload;
    (void)bytes;
    return false;
}

static size_t zones_no_size(const void *payload)
{
    (void)payload;
    return 0;
}

static bool zones_no_owner(const void *payload)
{
    (void)payload;
    return false;
}

static const struct heap_backend nothing = {
    .name = "nothing",
    .alloc = zones_no_alloc,
    .free = zones_no_free,
    .resize = zones_no_resize,
    .size = zones_no_size,
    .owns = zones_no_owner,
};

static enum stage_state lab_zones_start_spans(const struct page_source *source)
{
    return spans_init(source, spans_shared);
}

static const struct {
    const char *lab;
    enum stage_state (*start)(const struct page_source *source);
    const struct heap_backend *backend;
    size_t limit;
} smalls[] = {
    { "zalloc", zalloc_init, &zalloc_backend, ZALLOC_BYTES_MAX },
    { "spans", lab_zones_start_spans, &spans_backend, SPANS_BYTES_MAX },
};

static enum stage_state start_small(const struct page_source *source)
{
    for (size_t i = 0; i < sizeof smalls / sizeof *smalls; i++) {
        if (strcmp(smalls[i].lab, lab_chosen->name) == 0) {
            enum stage_state state = smalls[i].start(source);

            heap_add_small(smalls[i].backend, smalls[i].limit);
            return state;
        }
    }
    LAB_FAIL("the lab %s has no zones", lab_chosen->name);
}

void lab_zones_start(size_t pages)
{
    uintptr_t begin = (uintptr_t)page_at(0);
    uintptr_t end = begin + pages * PAGE_BYTES;
    const struct page_source source = { begin, end, pool_take, pool_give,
                                        pool.page_map };
    struct lab_record record;

    LAB_EXPECT(pages <= MOST_PAGES, "the test wants %zu pages", pages);
    lab_expect_sound();
    record = lab_note(LAB_ZONES_START, (uint32_t)begin, (uint32_t)end, 0);
    memset(pool.taken, 0, sizeof pool.taken);
    memset(pool.is_end, 0, sizeof pool.is_end);
    pool.pages = pool.limit = pages;
    pool.used = pool.cursor = 0;
    live_blocks_start(begin, end);
    if (!lab_side_played(&record)) {
        heap_start(begin, end, &nothing);
        record.result = (uint32_t)start_small(&source);
    }
    lab_noted(&record, record.result);
    if (record.result == STAGE_NOT_WRITTEN)
        LAB_FAIL("the start of the zones is not written yet");
    soundness_started();
    usage_forget();
}

void *lab_alloc_small(size_t bytes, size_t alignment)
{
    struct lab_record record =
        lab_note(LAB_ALLOC, (uint32_t)bytes, (uint32_t)alignment, 0);
    void *payload = NULL;

    if (lab_side_played(&record))
        payload = (void *)record.result;
    for (size_t i = 0; i < sizeof smalls / sizeof *smalls; i++) {
        if (!lab_side_playing() && strcmp(smalls[i].lab, lab_chosen->name) == 0)
            payload = smalls[i].backend->alloc(bytes, alignment);
    }
    lab_noted(&record, (uint32_t)(uintptr_t)payload);
    return lab_accept(payload, bytes, alignment);
}

size_t lab_zone_pages(void)
{
    size_t used = pool.used;

    for (size_t i = 0; i < pool.pages; i++) {
        if (pool.is_end[i])
            check_tail(i);
    }
    lab_side_see(&used, sizeof used);
    return used;
}

void lab_zone_limit(size_t pages)
{
    pool.limit = pages;
}
