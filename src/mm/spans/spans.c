/* SPDX-License-Identifier: MIT */
/* Spans of granules, free runs between them, zones that hold both.
 *
 *     request --> order: pool, n --> shortest free run of n or more
 *                                        |
 *       zone  | head tail tail | free free free free | head | ...
 *                                ^-- n taken here --^ rest: a shorter run
 *
 *     address --> page map: pool, zone --> index --> A and C: head? how long?
 *
 * spans_zone.h draws the zone and its two maps, spans_runs.h the lists of free
 * runs.
 *
 *     I1: the page map marks whole zones, their pages in order.
 *     I2: a zone's magic is its own.
 *     I3: A is set and C is clear at the sentinels.
 *     I4: a tail follows a head or a tail, and no span is longer than allowed.
 *     I5: a zone counts the heads that its maps show.
 *     I6: the lists of a pool have each free run, once, in its length's list.
 *     I7: a pool has at most one zone that is all free.
 *     I8: the counters equal what the zones add up to.
 *
 * Every operation takes a bounded number of steps, for any number of zones and
 * spans: the lists lead to a run, and two words of a map are enough for a
 * question about a span.  Only the search for the beginning of the free run
 * before a span may read all words of a zone's map, which are 16.  Two costs
 * are not bounded here: the time that the page source needs for a page, and the
 * time to build the lists again after a stray write has damaged them.
 *
 * When a zone becomes all free, its pages go back to the source, unless it is
 * the pool's only zone that can serve every request.  Otherwise a caller who
 * frees and allocates in turn would build and destroy a zone each time.
 *
 * Weak points, on purpose: a zone's maps are before its granules, so a write
 * before the first granule, or past the end of the zone before, can damage
 * them. Links are in free granules: they are checked before use, but can be
 * forged.
 */
#include "mm/spans/spans.h"

#include "lib/string.h"
#include "mm/spans/spans_calls.h"

struct span_heap span_heap;

/* -- Zones ---------------------------------------------------------------- */

/* Marks the pages of a zone in the page map, or clears their marks. */
static void mark_pages(const struct span_pool *pool,
                       const struct span_zone *zone, bool ours)
{
    uint32_t first = spans_page_index((uintptr_t)zone);
    uint8_t *marks = span_heap.source.page_map + first;

    ASSERT_BELOW(first + pool->zone_pages, span_heap.page_count + 1);
    for (uint32_t i = 0; i < pool->zone_pages; i++)
        marks[i] = (uint8_t)(ours ? pool->mark + i : PAGE_NOT_OURS);
}

/* Adds a new zone, one free run; false, and nothing changed, if there is no
 * page for it. */
static bool spans_zone_create(struct span_pool *pool)
{
    /* LAB 6 BEGIN: return false; */
    struct span_zone *zone = span_heap.source.take(pool->zone_pages);
    uint32_t last = (pool->granules + 1) / WORD_BITS;

    if (!zone)
        return false;
    memset(zone, 0, sizeof *zone + (last + 1) * sizeof zone->map[0]);
    zone->magic = spans_zone_magic(zone);
    zone->map[last].allocated = ~0u << (pool->granules + 1) % WORD_BITS;
    zone->map[0].allocated |= 1;
    mark_pages(pool, zone, true);
    pool->zones++;
    spans_index_insert(pool, granule_at(pool, zone, 1), pool->granules);
    return true;
    /* LAB 6 END */
}

/* Gives the pages of a zone back; all of its granules are free. */
static void spans_zone_destroy(struct span_pool *pool, struct span_zone *zone)
{
    /* LAB 6 BEGIN */
    mark_pages(pool, zone, false);
    pool->zones--;
    span_heap.source.give(zone, pool->zone_pages);
    /* LAB 6 END */
}

/* -- Runs ----------------------------------------------------------------- */

/* Takes `wanted` from the beginning of a free run, which the caller has removed
 * from its list.  `run_length` is exact below RUN_CLASSES; RUN_CLASSES means
 * this length or more. */
static void spans_run_take(struct granules wanted, uint32_t run_length,
                           bool has_head)
{
    /* LAB 6 BEGIN */
    struct span_pool *pool = wanted.pool;
    uintptr_t rest_address =
        wanted.address + wanted.length * pool->granule_bytes;
    uint32_t rest = run_length - wanted.length;

    span_mark(wanted.zone, wanted.index, wanted.length, has_head);
    if (run_length >= RUN_CLASSES)
        rest = free_after(wanted.zone, wanted.index + wanted.length);
    if (rest)
        spans_index_insert(pool, (struct free_run *)rest_address, rest);
    if (pool->forgotten)
        spans_index_rebuild(pool);
    /* LAB 6 END */
}

/* Frees granules and joins them with the free runs on both sides. */
static void run_give(struct granules given)
{
    /* LAB 6 BEGIN */
    struct span_pool *pool = given.pool;
    uint32_t end = given.index + given.length;
    uint32_t before = free_before(given.zone, given.index);
    uint32_t behind = free_after(given.zone, end);
    uintptr_t begin = given.address - before * pool->granule_bytes;

    span_unmark(given.zone, given.index, given.length);
    if (behind) {
        uintptr_t next = given.address + given.length * pool->granule_bytes;

        spans_index_remove(pool, (struct free_run *)next, behind);
    }
    /* A run that was already long stays in its list. */
    if (before < RUN_CLASSES) {
        if (before)
            spans_index_remove(pool, (struct free_run *)begin, before);
        spans_index_insert(pool, (struct free_run *)begin,
                           before + given.length + behind);
    }
    if (pool->forgotten)
        spans_index_rebuild(pool);
    /* LAB 6 END */
}

/* Destroys a zone that is all free and listed as one run, unless it is the only
 * zone that can serve every request. */
static void zone_retire(struct span_pool *pool, struct span_zone *zone)
{
    /* LAB 6 BEGIN */
    struct free_run *whole = granule_at(pool, zone, 1);

    spans_index_remove(pool, whole, pool->granules);
    if (pool->forgotten) {
        spans_index_rebuild(pool);
        spans_index_remove(pool, whole, pool->granules);
    }
    if (pool->run_classes >> (pool->span_max - 1))
        spans_zone_destroy(pool, zone);
    else
        spans_index_insert(pool, whole, pool->granules);
    /* LAB 6 END */
}

/* -- From an address to its span ------------------------------------------ */

/* Whether the magic number and the first sentinel are intact; free_before()
 * relies on the sentinel. */
static inline bool zone_is_intact(const struct span_zone *zone)
{
    return zone->magic == spans_zone_magic(zone) &&
           (zone->map[0].allocated & 1);
}

/* HEAP_OK, and `span` filled in, if a span begins at `payload`; else the reason
 * why not.  The pool, and with it the size of a granule, comes from the page
 * map, so no write into a zone can change it. */
static enum heap_error span_find(const void *payload, struct granules *span)
{
    /* LAB 6 BEGIN: return HEAP_NOT_WRITTEN; */
    uintptr_t address = (uintptr_t)payload, offset;
    uint32_t mark = spans_page_mark(address);

    if (mark == PAGE_NOT_OURS)
        return HEAP_FOREIGN;
    if (address % HEAP_ALIGNMENT != 0)
        return HEAP_MISALIGNED;
    span->address = address;
    span->pool = mark_pool(mark);
    span->zone = spans_zone_at(address, mark);
    if (!zone_is_intact(span->zone))
        return HEAP_CORRUPT;
    offset = address - (uintptr_t)span->zone - span->pool->granule_zero;
    span->index = offset / span->pool->granule_bytes;
    /* Before the first granule the difference wraps to a huge index. */
    if (span->index - 1 >= span->pool->granules)
        return HEAP_FOREIGN;
    if (!is_allocated(span->zone, span->index))
        return HEAP_ALREADY_FREE;
    if (is_continued(span->zone, span->index) ||
        offset % span->pool->granule_bytes != 0)
        return HEAP_INTERIOR;
    span->length = span_length(span->zone, span->index);
    return span->length <= span->pool->span_max ? HEAP_OK : HEAP_CORRUPT;
    /* LAB 6 END */
}

/* -- Spans ---------------------------------------------------------------- */

enum stage_state spans_init(const struct page_source *source,
                            const struct spans_row *policy)
{
    ASSERT(source->take && source->give);
    ASSERT(source->page_map || page_source_pages(source) == 0);
    memset(&span_heap, 0, sizeof span_heap);
    span_heap.source = *source;
    span_heap.first_page = source->begin >> PAGE_SHIFT;
    span_heap.page_count = page_source_pages(source);
    for (uint32_t i = 0; i < span_heap.page_count; i++)
        source->page_map[i] = PAGE_NOT_OURS;
    span_pools_create(policy);
    return STAGE_OK;
}

void *spans_alloc(size_t bytes, size_t alignment)
{
    /* LAB 6 BEGIN: return NOT_WRITTEN; */
    struct span_order order;
    struct granules wanted;
    uint32_t class, mark;

    if (bytes - 1 >= SPANS_BYTES_MAX || alignment > HEAP_ALIGNMENT)
        return NULL;
    order = span_heap.orders[(bytes - 1) / REQUEST_STEP];
    wanted.pool = order.pool;
    wanted.length = order.granules;
    class = spans_index_find(wanted.pool, wanted.length);
    if (class == 0) {
        if (!spans_zone_create(wanted.pool))
            return NULL;
        class = run_class(wanted.pool->granules);
    }
    wanted.address = (uintptr_t)index_pop(wanted.pool, class);
    mark = spans_page_mark(wanted.address);
    wanted.zone = spans_zone_at(wanted.address, mark);
    wanted.index =
        (wanted.address - (uintptr_t)wanted.zone - wanted.pool->granule_zero) /
        wanted.pool->granule_bytes;
    spans_run_take(wanted, class, true);
    wanted.zone->spans++;
    usage_add(&span_heap.usage, wanted.length * wanted.pool->granule_bytes);
    return (void *)wanted.address;
    /* LAB 6 END */
}

enum heap_error spans_free(void *payload)
{
    /* LAB 6 BEGIN: return HEAP_NOT_WRITTEN; */
    struct granules span;
    enum heap_error error = span_find(payload, &span);

    if (error != HEAP_OK)
        return error;
    usage_remove(&span_heap.usage, span.length * span.pool->granule_bytes);
    run_give(span);
    if (--span.zone->spans == 0)
        zone_retire(span.pool, span.zone);
    return HEAP_OK;
    /* LAB 6 END */
}

/* Frees all granules of the span after its first `length`. */
static void span_shorten(struct granules span, uint32_t length)
{
    /* LAB 6 BEGIN */
    span.address += length * span.pool->granule_bytes;
    span.index += length;
    span.length -= length;
    run_give(span);
    /* LAB 6 END */
}

/* Makes the span `length` granules long; false, and nothing changed, if the
 * free run after it is too short. */
static bool span_lengthen(struct granules span, uint32_t length)
{
    /* LAB 6 BEGIN: return false; */
    uint32_t behind = free_after(span.zone, span.index + span.length);

    if (behind < length - span.length)
        return false;
    span.address += span.length * span.pool->granule_bytes;
    span.index += span.length;
    span.length = length - span.length;
    spans_index_remove(span.pool, (struct free_run *)span.address, behind);
    spans_run_take(span, behind, false);
    return true;
    /* LAB 6 END */
}

bool spans_resize(void *payload, size_t bytes)
{
    /* LAB 6 BEGIN: return false; */
    struct granules span;
    uint32_t granule_bytes, length;

    if (span_find(payload, &span) != HEAP_OK)
        return false;
    granule_bytes = span.pool->granule_bytes;
    if (bytes > span.pool->span_max * granule_bytes)
        return false;
    length = (bytes + granule_bytes - 1) / granule_bytes;
    if (length < span.length)
        span_shorten(span, length);
    else if (length > span.length && !span_lengthen(span, length))
        return false;
    span_heap.usage.used_bytes +=
        length * granule_bytes - span.length * granule_bytes;
    usage_peak(&span_heap.usage);
    return true;
    /* LAB 6 END */
}

size_t spans_size(const void *payload)
{
    struct granules span;

    if (span_find(payload, &span) != HEAP_OK)
        return 0;
    return span.length * span.pool->granule_bytes;
}

/* Gives back a zone that is all free, and listed as one run. */
static bool spans_zone_reclaim(struct span_pool *pool, struct span_zone *zone)
{
    struct free_run *whole = granule_at(pool, zone, 1);

    if (!zone_is_intact(zone) ||
        free_before(zone, pool->granules + 1) != pool->granules)
        return false;
    spans_index_remove(pool, whole, pool->granules);
    if (pool->forgotten) {
        spans_index_rebuild(pool);
        spans_index_remove(pool, whole, pool->granules);
    }
    spans_zone_destroy(pool, zone);
    return true;
}

bool spans_reclaim(void)
{
    bool found = false;

    for (uint32_t i = 0; i < span_heap.page_count; i++) {
        uint32_t mark = span_heap.source.page_map[i];
        uintptr_t page = (uintptr_t)(span_heap.first_page + i) << PAGE_SHIFT;

        if (mark != PAGE_NOT_OURS && (mark & PAGE_INDEX_MASK) == 0)
            found |=
                spans_zone_reclaim(span_heap.numbered[mark >> PAGE_INDEX_BITS],
                                   (struct span_zone *)page);
    }
    return found;
}

bool spans_owns(const void *payload)
{
    return spans_page_mark((uintptr_t)payload) != PAGE_NOT_OURS;
}

const struct heap_backend spans_backend = {
    .name = "spans",
    .alloc = spans_alloc,
    .reclaim = spans_reclaim,
    .free = spans_free,
    .resize = spans_resize,
    .size = spans_size,
    .owns = spans_owns,
    .walk = spans_walk,
    .check = spans_check,
    .usage = &span_heap.usage,
};
