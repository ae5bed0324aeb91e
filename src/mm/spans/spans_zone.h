/* SPDX-License-Identifier: MIT */
/* How spans lay out memory; for the spans_*.c files only.
 *
 *     a zone, 1 to 4 pages                                             tail
 *     +------+-----+-----+--     --+-----------+-----------+--     --+--+
 *     | zone | A C | A C |   ...   | granule 1 | granule 2 |   ...   |  |
 *     +------+-----+-----+--     --+-----------+-----------+--     --+--+
 *              32 granules a pair
 *
 * Two bits are the state of a granule: A, allocated, and C, continues the span
 * of the granule before it.
 *
 *     A C
 *     0 0   free
 *     1 0   head of a span
 *     1 1   tail of a span
 *     0 1   never
 *
 *     granule     0   1   2   3   4   5   6   7  ...   n  n+1
 *     A           1   1   1   1   1   0   0   1        0   1
 *     C           0   0   1   1   0   0   0   0        0   0
 *            sentinel |   span   |       | free |       sentinel
 *
 * The length of a span is one more than the number of ones in C after its head.
 * A span of one granule has no bit in C, so a zone of equal entries is the
 * special case in which C is all zero.  Granules are counted from 1: bit 0 and
 * the bits after the last granule are sentinels, which end every search.
 *
 * No span is longer than 32 granules, so every question about a span needs at
 * most two words of a map.
 */
#ifndef MM_SPANS_SPANS_ZONE_H
#define MM_SPANS_SPANS_ZONE_H

#include "lib/bits.h"
#include "lib/panic.h"
#include "mm/spans/spans.h"

struct map_pair {
    uint32_t allocated; /* A */
    uint32_t continued; /* C */
};

struct span_zone {
    uint32_t magic; /* spans_zone_magic(); an overflow overwrites it first */
    uint32_t spans; /* in use */
    struct map_pair map[];
};

/* The first granule of a free run.  A caller who uses a span after it was freed
 * may overwrite these links, so spans_runs.h checks them before it uses them.
 * A run of fewer granules than RUN_CLASSES is listed by its exact length. */
struct free_run {
    struct free_run *previous, *next;
};

#define SPAN_GRANULES_MAX 32u
#define RUN_CLASSES       SPAN_GRANULES_MAX

_Static_assert(SPAN_GRANULES_MAX == WORD_BITS,
               "a span touches two words of a map at most");
_Static_assert(sizeof(struct free_run) <= 8, "links fit the smallest granule");
_Static_assert(sizeof(struct span_zone) % HEAP_ALIGNMENT == 0 &&
                   sizeof(struct map_pair) % HEAP_ALIGNMENT == 0,
               "granules that follow the map are aligned");

/* All zones of one granule. */
struct span_pool {
    const char *name;
    uint32_t granule_bytes;
    uint32_t span_max; /* granules */
    uint32_t mark;     /* of a zone's first page in the page map */
    uint32_t zone_pages;
    uint32_t granules;     /* in a zone */
    uint32_t granule_zero; /* bytes from the zone to its granule 0 */
    /* The free runs of all its zones: runs[n] are those of n granules, the
     * last those of RUN_CLASSES and more. */
    struct free_run *runs[RUN_CLASSES + 1];
    uint32_t run_classes; /* bit n - 1: there are runs in runs[n] */
    bool forgotten;       /* the lists were found damaged, and dropped */
    uint32_t zones;
};

#define SPAN_POOLS_MAX 32u
#define ZONE_PAGES_MAX 4u

/* A byte of the page map: 0, or the number of the pool (from 1) and of the page
 * in its zone.  So a write into a zone cannot change either. */
#define PAGE_NOT_OURS   0u
#define PAGE_INDEX_BITS 2u
#define PAGE_INDEX_MASK ((1u << PAGE_INDEX_BITS) - 1)

_Static_assert(ZONE_PAGES_MAX == 1u << PAGE_INDEX_BITS &&
                   (SPAN_POOLS_MAX + 1) << PAGE_INDEX_BITS <= 256,
               "pool and page fit a byte of the page map");

/* How requests of a size are served. */
struct span_order {
    struct span_pool *pool;
    uint32_t granules;
};

#define REQUEST_STEP 8u /* bytes: requests that differ by less are alike */

struct span_heap {
    struct page_source source;
    uint32_t first_page, page_count; /* of the page map */
    struct span_pool pools[SPAN_POOLS_MAX];
    struct span_pool *numbered[1 + SPAN_POOLS_MAX]; /* from 1 on */
    uint32_t pool_count;
    struct span_order orders[SPANS_BYTES_MAX / REQUEST_STEP];
    struct heap_usage usage;
};

extern struct span_heap span_heap;

/* Makes the pools and the orders of a policy; in spans_policy.c. */
void span_pools_create(const struct spans_row *policy);

/* -- Addresses ------------------------------------------------------------ */

/* In the page map; page_count or more for an address outside. */
static inline uint32_t spans_page_index(uintptr_t address)
{
    return (address >> PAGE_SHIFT) - span_heap.first_page;
}

/* The mark in the page map of the page with `address` in it; PAGE_NOT_OURS for
 * an address outside the source. */
static inline uint32_t spans_page_mark(uintptr_t address)
{
    uint32_t page = spans_page_index(address);

    if (page >= span_heap.page_count)
        return PAGE_NOT_OURS;
    return span_heap.source.page_map[page];
}

/* The pool of a page that has a mark. */
static inline struct span_pool *mark_pool(uint32_t mark)
{
    ASSERT(mark != PAGE_NOT_OURS);
    return span_heap.numbered[mark >> PAGE_INDEX_BITS];
}

/* The zone of an address in a page with that mark. */
static inline struct span_zone *spans_zone_at(uintptr_t address, uint32_t mark)
{
    uintptr_t page = align_down(address, PAGE_BYTES);

    return (struct span_zone *)(page - (mark & PAGE_INDEX_MASK) * PAGE_BYTES);
}

/* The magic number of a zone: it differs from zone to zone. */
static inline uint32_t spans_zone_magic(const struct span_zone *zone)
{
    return (uint32_t)(uintptr_t)zone ^ 0x5EA1ED00u;
}

/* Granule `index`; granules + 1 is the end of the last one. */
static inline void *granule_at(const struct span_pool *pool,
                               const struct span_zone *zone, uint32_t index)
{
    ASSERT_BELOW(index, pool->granules + 2);
    return (void *)((uintptr_t)zone + pool->granule_zero +
                    index * pool->granule_bytes);
}

/* -- Maps ----------------------------------------------------------------- */

/* The bits of `length` granules, 1 to 32 of them, from bit 0 on. */
static inline uint32_t span_bits(uint32_t length)
{
    ASSERT_BELOW(length - 1, SPAN_GRANULES_MAX);
    return low_bits(length);
}

/* Bit A of a granule or sentinel. */
static inline bool is_allocated(const struct span_zone *zone, uint32_t index)
{
    return zone->map[index / WORD_BITS].allocated >> index % WORD_BITS & 1;
}

/* Bit C of a granule or sentinel. */
static inline bool is_continued(const struct span_zone *zone, uint32_t index)
{
    return zone->map[index / WORD_BITS].continued >> index % WORD_BITS & 1;
}

/* Free granules from `index` on.  It reads only two words, so the result is
 * exact only up to 32. */
static inline uint32_t free_after(const struct span_zone *zone, uint32_t index)
{
    const struct map_pair *pair = &zone->map[index / WORD_BITS];
    uint32_t bit = index % WORD_BITS;
    uint32_t word = pair->allocated >> bit;

    if (word)
        return lowest_bit(word);
    /* No sentinel in this word, so there is a next one. */
    word = pair[1].allocated;
    return WORD_BITS - bit + (word ? lowest_bit(word) : WORD_BITS);
}

/* All free granules directly before `index`; the sentinel ends the loop. */
static inline uint32_t free_before(const struct span_zone *zone, uint32_t index)
{
    uint32_t at = index / WORD_BITS;
    uint32_t word = zone->map[at].allocated & ~(~0u << index % WORD_BITS);

    ASSERT(index > 0);
    ASSERT(zone->map[0].allocated & 1);
    while (!word)
        word = zone->map[--at].allocated;
    return index - 1 - (at * WORD_BITS + highest_bit(word));
}

/* The length of the span whose head is `index`, in granules; more than
 * SPAN_GRANULES_MAX only if C is damaged. */
static inline uint32_t span_length(const struct span_zone *zone, uint32_t index)
{
    const struct map_pair *pair = &zone->map[index / WORD_BITS];
    uint32_t rest = WORD_BITS - 1 - index % WORD_BITS; /* of this word */
    uint32_t word = ~(pair->continued >> index % WORD_BITS >> 1);
    uint32_t tails = lowest_bit(word);

    if (tails < rest)
        return 1 + tails;
    word = ~pair[1].continued;
    return 1 + rest + (word ? lowest_bit(word) : WORD_BITS);
}

/* Makes free granules a span; without `has_head`, they become more tails of the
 * span before them. */
static inline void span_mark(struct span_zone *zone, uint32_t index,
                             uint32_t length, bool has_head)
{
    struct map_pair *pair = &zone->map[index / WORD_BITS];
    uint32_t bit = index % WORD_BITS;
    uint32_t mask = span_bits(length);
    uint32_t tails = has_head ? mask - 1 : mask;

    pair[0].allocated |= mask << bit;
    pair[0].continued |= tails << bit;
    if (bit + length > WORD_BITS) {
        pair[1].allocated |= mask >> (WORD_BITS - bit);
        pair[1].continued |= tails >> (WORD_BITS - bit);
    }
}

/* Clears both bits of each granule. */
static inline void span_unmark(struct span_zone *zone, uint32_t index,
                               uint32_t length)
{
    struct map_pair *pair = &zone->map[index / WORD_BITS];
    uint32_t bit = index % WORD_BITS;
    uint32_t mask = span_bits(length);

    pair[0].allocated &= ~(mask << bit);
    pair[0].continued &= ~(mask << bit);
    if (bit + length > WORD_BITS) {
        pair[1].allocated &= ~(mask >> (WORD_BITS - bit));
        pair[1].continued &= ~(mask >> (WORD_BITS - bit));
    }
}

#endif
