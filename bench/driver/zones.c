/* SPDX-License-Identifier: MIT */
/* A cache of one size with many zones: does their number matter?
 *
 * Half of the entries are given back at random, so that every zone has some
 * free and some used ones; then entries are replaced at random.
 */
#include "bench/driver/commands.h"
#include "bench/driver/pages.h"
#include "bench/driver/system.h"
#include "bench/driver/work.h"

#include "bench/allocators/objects.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "lib/random.h"
#include "lib/string.h"
#include "mm/zalloc/zalloc.h"

#define ENTRY_BYTES 64u
#define PAGES_MAX   12000u
#define ENTRIES_MAX (PAGES_MAX * PAGE_BYTES / ENTRY_BYTES)
#define PAIRS       20000u

static struct zone_cache zone_cache;
static struct object_cache object_cache;

static bool start_zones(const struct page_source *source)
{
    return zalloc_init(source) == STAGE_OK &&
           zone_cache_create(&zone_cache, "bench", ENTRY_BYTES);
}

static bool start_objects(const struct page_source *source)
{
    return objects_init(source) &&
           object_cache_create(&object_cache, "bench", ENTRY_BYTES);
}

static size_t zones_of_zones(void)
{
    return zone_cache.zones;
}

static size_t zones_of_objects(void)
{
    return object_cache.zones;
}

static const struct kind {
    const char *name;
    bool (*start)(const struct page_source *source);
    void *cache;
    callee alloc, free;
    size_t (*zones)(void);
} kinds[] = {
    { "zones", start_zones, &zone_cache, (callee)zone_cache_alloc,
      (callee)zone_cache_free, zones_of_zones },
    { "objects", start_objects, &object_cache, (callee)object_cache_alloc,
      (callee)object_cache_free, zones_of_objects },
};

static const struct kind *kind;
static void *entries[ENTRIES_MAX];
static uint32_t entry_count;
static struct random dice;

static void start(const char *name)
{
    static struct page_source source;
    uintptr_t pages = (uintptr_t)memory_map(PAGES_MAX * PAGE_BYTES, false);

    for (kind = kinds; strcmp(kind->name, name) != 0; kind++) {
        if (kind == &kinds[sizeof kinds / sizeof *kinds - 1])
            panic("zones: of zones or of objects");
    }
    source = pages_start(pages, pages + PAGES_MAX * PAGE_BYTES);
    source.page_map = memory_map(PAGES_MAX, true);
    if (!kind->start(&source))
        panic("%s does not start", kind->name);
}

static uint32_t take(void)
{
    uintptr_t entry;
    uint32_t cost =
        call_counted(kind->alloc, (uintptr_t)kind->cache, 0, &entry) -
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
    uint32_t cost = call_counted(kind->free, (uintptr_t)kind->cache,
                                 (uintptr_t)entries[which], &error) -
                    work_overhead();

    if (error != HEAP_OK)
        panic("entry %#lx is refused: %s", (unsigned long)entries[which],
              heap_error_text((enum heap_error)error));
    entries[which] = entries[--entry_count];
    return cost;
}

/* zones KIND COUNT COSTS: the costs of allocations, then of frees. */
void command_zones(char **arguments)
{
    static uint32_t costs[2 * PAIRS];
    uint32_t zones;

    if (!parse_number(arguments[1], &zones) || zones >= PAGES_MAX)
        panic("zones: wrong number");
    random_seed(&dice, 1);
    start(arguments[0]);
    while (kind->zones() < zones)
        take();
    for (uint32_t i = entry_count / 2; i > 0; i--)
        give_back();
    for (uint32_t i = 0; i < PAIRS; i++) {
        costs[i] = take();
        costs[PAIRS + i] = give_back();
    }
    file_save(arguments[2], costs, sizeof costs);
}
