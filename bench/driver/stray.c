/* SPDX-License-Identifier: MIT */
/* A million stray writes to everything in the heap that the allocator does not
 * call bookkeeping, with operations in between that are verified. */
#include "bench/driver/commands.h"
#include "bench/driver/crowd.h"
#include "bench/driver/system.h"

#include "lib/panic.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/heap.h"

#define BATCHES            100u
#define WRITES_A_BATCH     10000u
#define OPERATIONS_A_BATCH 100u

struct heap_map {
    uintptr_t begin, end;
    uint8_t *is_bookkeeping; /* of each byte */
};

static bool mark(const struct block *block, void *context)
{
    const struct heap_map *map = context;
    uintptr_t from = block->address - block->overhead;
    size_t bytes = block->overhead;

    if (block->state == BLOCK_BOOKKEEPING)
        bytes += block->bytes;
    if (from >= map->begin && from + bytes <= map->end)
        memset(map->is_bookkeeping + (from - map->begin), 1, bytes);
    return true;
}

static void write_astray(const struct heap_map *map, struct random *random)
{
    memset(map->is_bookkeeping, 0, map->end - map->begin);
    heap_walk(mark, (void *)map);
    for (uint32_t i = 0; i < WRITES_A_BATCH;) {
        uint32_t at = random_below(random, (uint32_t)(map->end - map->begin));

        if (map->is_bookkeeping[at])
            continue;
        ((uint8_t *)map->begin)[at] = (uint8_t)random_next(random);
        i++;
    }
}

/* stray SUBJECT SEED */
void command_stray(char **arguments)
{
    static struct crowd crowd;
    const struct subject *subject = subject_find(arguments[0]);
    enum finding finding = FINDING_NONE;
    struct heap_map map;
    uint32_t seed;

    if (!subject || !parse_number(arguments[1], &seed))
        panic("stray: wrong subject or seed");
    crowd_start(&crowd, subject, seed, &map.begin, &map.end);
    map.is_bookkeeping = memory_map(map.end - map.begin, true);
    for (uint32_t i = 0; i < BATCHES && finding == FINDING_NONE; i++) {
        write_astray(&map, &crowd.random);
        crowd_stamp(&crowd);
        finding = crowd_live_on(&crowd, OPERATIONS_A_BATCH);
    }
    print("outcome %s\n", outcome_word(finding, false, subject->sound()));
}
