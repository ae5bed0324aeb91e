/* SPDX-License-Identifier: MIT */
/* Checks the invariants of spans.c; shares the layout with it, but no code.
 *
 * It goes granule by granule where the allocator takes words, and from the maps
 * to the lists where the allocator goes from the lists to the maps.  It reads a
 * page only after the page map has shown what kind of page it is, and a counter
 * bounds every loop.
 *
 * It does not check payload, and it cannot find a map and a counter that were
 * changed together.
 */
#include "lib/addr.h"
#include "mm/spans/spans_zone.h"

static const char mapping[] = "I1: the page map marks whole zones";
static const char own_magic[] = "I2: a zone's magic is its own";
static const char sentinels[] = "I3: the sentinels are allocated and no tails";
static const char tails[] = "I4: a tail follows a head or a tail";
static const char counted[] = "I5: a zone counts the heads in its maps";
static const char listed[] = "I6: each free run is in its length's list";
static const char one_empty[] = "I7: a pool keeps one all-free zone at most";
static const char totals[] = "I8: the counters equal what the zones add up to";

/* The sums over the zones of a pool. */
struct tally {
    uint32_t zones, empty, heads, allocated;
    uint32_t runs[RUN_CLASSES + 1];
};

/* The end, in the page map, of the zone that begins at page `first`; `first` if
 * no whole zone begins there. */
static uint32_t zone_end(uint32_t first)
{
    uint32_t mark = span_heap.source.page_map[first];
    uint32_t number = mark >> PAGE_INDEX_BITS, pages;

    if (number == 0 || number > span_heap.pool_count)
        return first;
    pages = span_heap.numbered[number]->zone_pages;
    if (pages > span_heap.page_count - first)
        return first;
    for (uint32_t i = 0; i < pages; i++) {
        if (span_heap.source.page_map[first + i] !=
            (number << PAGE_INDEX_BITS) + i)
            return first;
    }
    return first + pages;
}

/* I1. */
static struct violation spans_check_page_map(void)
{
    uint32_t page = 0;

    while (page < span_heap.page_count) {
        uint32_t mark = span_heap.source.page_map[page];
        uint32_t end = mark == PAGE_NOT_OURS ? page + 1 : zone_end(page);

        if (end == page)
            return (struct violation){
                mapping, (span_heap.first_page + page) << PAGE_SHIFT, 0, mark
            };
        page = end;
    }
    return SOUND;
}

/* I3: every bit of the map that belongs to no granule. */
static struct violation spans_check_sentinels(const struct span_pool *pool,
                                              const struct span_zone *zone)
{
    uint32_t bits = ((pool->granules + 1) / WORD_BITS + 1) * WORD_BITS;

    for (uint32_t i = 0; i < bits; i = i ? i + 1 : pool->granules + 1) {
        if (!is_allocated(zone, i) || is_continued(zone, i))
            return (struct violation){ sentinels,
                                       (uintptr_t)&zone->map[i / WORD_BITS], 2,
                                       2u * is_allocated(zone, i) +
                                           is_continued(zone, i) };
    }
    return SOUND;
}

/* I4 and I5. */
static struct violation spans_check_spans(const struct span_pool *pool,
                                          const struct span_zone *zone,
                                          struct tally *tally)
{
    uint32_t length = 0, heads = 0;

    for (uint32_t i = 1; i <= pool->granules; i++) {
        bool tail = is_continued(zone, i);

        if (tail && (length == 0 || !is_allocated(zone, i)))
            return (struct violation){ tails,
                                       (uintptr_t)granule_at(pool, zone, i), 0,
                                       1 };
        length = tail ? length + 1 : is_allocated(zone, i);
        if (length > pool->span_max)
            return (struct violation){ tails,
                                       (uintptr_t)granule_at(pool, zone, i),
                                       pool->span_max, length };
        heads += !tail && length;
        tally->allocated += length > 0;
    }
    tally->heads += heads;
    return violation_unless_equal(counted, zone, heads, zone->spans);
}

/* Whether a link leads into a zone of this pool. */
static bool is_run_of(const struct span_pool *pool, const struct free_run *link)
{
    uint32_t mark = spans_page_mark((uintptr_t)link);

    return (uintptr_t)link % HEAP_ALIGNMENT == 0 && mark != PAGE_NOT_OURS &&
           mark_pool(mark) == pool;
}

/* I6 for one run: its neighbours in the list, or the head, lead to it.  Then
 * only a list with too many runs remains to be found. */
static struct violation spans_check_links(const struct span_pool *pool,
                                          const struct free_run *run,
                                          uint32_t class)
{
    const struct free_run *previous = run->previous, *next = run->next;
    struct violation violation = SOUND;

    if (!previous)
        violation = violation_unless_equal(
            listed, run, (uintptr_t)pool->runs[class], (uintptr_t)run);
    else if (!is_run_of(pool, previous) || previous->next != run)
        return (struct violation){ listed, (uintptr_t)run, 0,
                                   (uintptr_t)previous };
    if (is_sound(violation) && next &&
        (!is_run_of(pool, next) || next->previous != run))
        return (struct violation){ listed, (uintptr_t)run, 0, (uintptr_t)next };
    return violation;
}

/* I6 for the runs of one zone. */
static struct violation spans_check_runs(const struct span_pool *pool,
                                         const struct span_zone *zone,
                                         struct tally *tally)
{
    struct violation violation = SOUND;
    uint32_t length = 0;

    /* The sentinel after the last granule ends the last run. */
    for (uint32_t i = 1; i <= pool->granules + 1 && is_sound(violation); i++) {
        if (!is_allocated(zone, i)) {
            length++;
        } else if (length > 0) {
            uint32_t class = length < RUN_CLASSES ? length : RUN_CLASSES;

            violation = spans_check_links(
                pool, granule_at(pool, zone, i - length), class);
            tally->runs[class]++;
            length = 0;
        }
    }
    return violation;
}

/* I2 to I6 for one zone. */
static struct violation spans_check_zone(const struct span_pool *pool,
                                         const struct span_zone *zone,
                                         struct tally *tally)
{
    struct violation violation = violation_unless_equal(
        own_magic, zone, spans_zone_magic(zone), zone->magic);

    tally->zones++;
    if (is_sound(violation))
        violation = spans_check_sentinels(pool, zone);
    if (is_sound(violation))
        violation = spans_check_spans(pool, zone, tally);
    if (is_sound(violation))
        violation = spans_check_runs(pool, zone, tally);
    tally->empty += zone->spans == 0;
    return violation;
}

/* I6, the other direction: the lists have no more runs than the maps. */
static struct violation spans_check_lists(const struct span_pool *pool,
                                          const struct tally *tally)
{
    for (uint32_t class = 1; class <= RUN_CLASSES; class ++) {
        const struct free_run *run = pool->runs[class];
        uint32_t bit = pool->run_classes >> (class - 1) & 1, found = 0;

        if (bit != (run != NULL))
            return (struct violation){ listed, (uintptr_t)&pool->run_classes,
                                       run != NULL, bit };
        for (; run && found <= tally->runs[class]; run = run->next) {
            if (!is_run_of(pool, run))
                return (struct violation){ listed,
                                           (uintptr_t)&pool->runs[class], 0,
                                           (uintptr_t)run };
            found++;
        }
        if (found != tally->runs[class])
            return (struct violation){ listed, (uintptr_t)&pool->runs[class],
                                       tally->runs[class], found };
    }
    return SOUND;
}

/* I2 to I7 for all zones of one pool; the page map leads to them. */
static struct violation spans_check_pool(const struct span_pool *pool,
                                         struct tally *tally)
{
    struct violation violation = SOUND;

    for (uint32_t i = 0; i < span_heap.page_count && is_sound(violation); i++) {
        uintptr_t page = (span_heap.first_page + i) << PAGE_SHIFT;

        if (spans_page_mark(page) == pool->mark)
            violation =
                spans_check_zone(pool, (const struct span_zone *)page, tally);
    }
    if (is_sound(violation))
        violation = violation_unless_equal(totals, &pool->zones, tally->zones,
                                           pool->zones);
    if (is_sound(violation))
        violation = spans_check_lists(pool, tally);
    if (is_sound(violation) && tally->empty > 1)
        return (struct violation){ one_empty, (uintptr_t)pool, 1,
                                   tally->empty };
    return violation;
}

/* Weak: a student's file with another layout has one of its own. */
__attribute__((weak)) struct violation spans_check(void)
{
    const struct heap_usage *usage = &span_heap.usage;
    struct violation violation = spans_check_page_map();
    size_t bytes = 0, blocks = 0;

    for (uint32_t i = 0; is_sound(violation) && i < span_heap.pool_count; i++) {
        const struct span_pool *pool = &span_heap.pools[i];
        struct tally tally = { 0 };

        violation = spans_check_pool(pool, &tally);
        bytes += tally.allocated * pool->granule_bytes;
        blocks += tally.heads;
    }
    if (is_sound(violation))
        violation = violation_unless_equal(totals, &usage->used_bytes, bytes,
                                           usage->used_bytes);
    if (is_sound(violation))
        violation = violation_unless_equal(totals, &usage->used_blocks, blocks,
                                           usage->used_blocks);
    return violation;
}
