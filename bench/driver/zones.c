/* SPDX-License-Identifier: MIT */
/* A cache of one size with many zones: does their number matter?
 *
 * Half of the entries are given back at random, so that every zone has some
 * free and some used ones; then entries are replaced at random.
 */
#include "bench/driver/commands.h"
#include "bench/driver/system.h"
#include "bench/driver/work.h"

#include "lib/panic.h"
#include "lib/print.h"
#include "lib/random.h"
#include "lib/string.h"
#include "mm/zalloc.h"

#define ENTRY_BYTES 64u
#define PAGES_MAX   12000u
#define ENTRIES_MAX (PAGES_MAX * PAGE_BYTES / ENTRY_BYTES)
#define PAIRS       20000u

/* Pages of the driver's own: never given back, there are enough. */
static uintptr_t next_page;

static void *page_take(size_t count)
{
    uintptr_t first = next_page;

    next_page += count * PAGE_BYTES;
    return (void *)first;
}

static void page_give(void *first, size_t count)
{
    (void)first;
    (void)count;
}

static void *entries[ENTRIES_MAX];
static uint32_t entry_count;
static struct zone_cache cache;
static struct random dice;

static void start(void)
{
    static struct page_source source;

    next_page = (uintptr_t)memory_map(PAGES_MAX * PAGE_BYTES, false);
    source = (struct page_source){
        .begin = next_page,
        .end = next_page + PAGES_MAX * PAGE_BYTES,
        .take = page_take,
        .give = page_give,
        .page_map = memory_map(PAGES_MAX, true),
    };
    if (zalloc_init(&source) != STAGE_OK ||
        !zone_cache_create(&cache, "bench", ENTRY_BYTES))
        panic("zalloc does not start");
}

static uint32_t take(void)
{
    uintptr_t entry;
    uint32_t cost =
        call_counted((callee)zone_cache_alloc, (uintptr_t)&cache, 0, &entry) -
        work_overhead();

    if (!entry || entry_count == ENTRIES_MAX)
        panic("no page for a zone");
    entries[entry_count++] = (void *)entry;
    return cost;
}

static uint32_t give_back(void)
{
    uint32_t which = random_below(&dice, entry_count);
    uintptr_t error;
    uint32_t cost = call_counted((callee)zone_cache_free, (uintptr_t)&cache,
                                 (uintptr_t)entries[which], &error) -
                    work_overhead();

    if (error != HEAP_OK)
        panic("entry %#lx is refused: %s", (unsigned long)entries[which],
              heap_error_text((enum heap_error)error));
    entries[which] = entries[--entry_count];
    return cost;
}

/* zones COUNT COSTS: the costs of allocations, then of frees. */
void command_zones(char **arguments)
{
    static uint32_t costs[2 * PAIRS];
    uint32_t zones;

    if (!parse_number(arguments[0], &zones) || zones >= PAGES_MAX)
        panic("zones: wrong number");
    random_seed(&dice, 1);
    start();
    while (cache.zones < zones)
        take();
    for (uint32_t i = entry_count / 2; i > 0; i--)
        give_back();
    for (uint32_t i = 0; i < PAIRS; i++) {
        costs[i] = take();
        costs[PAIRS + i] = give_back();
    }
    file_save(arguments[1], costs, sizeof costs);
}
