/* SPDX-License-Identifier: MIT */
/* A million stray writes to everything in the heap that the allocator does not
 * call bookkeeping, with operations in between that are verified.
 *
 * Afterwards the allocator must still have the right blocks in use.  Its own
 * check is not asked: it may object to hints in free memory that are wrong now,
 * and that it will find out when it needs them. */
#include "bench/driver/commands.h"
#include "bench/driver/crowd.h"
#include "bench/driver/system.h"

#include "lib/panic.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/heap/heap.h"

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

struct roll_call {
    const struct crowd *crowd;
    uint32_t present;
};

static bool call_roll(const struct block *block, void *context)
{
    struct roll_call *roll = context;

    for (uint32_t i = 0; i < CROWD_PLACES; i++) {
        const struct member *member = &roll->crowd->members[i];

        if (member->payload && block->address == (uintptr_t)member->payload &&
            block->state == BLOCK_USED && block->bytes >= member->bytes)
            roll->present++;
    }
    return true;
}

/* Whether the allocator's walk has every live block as used. */
static bool knows_all(const struct crowd *crowd)
{
    struct roll_call roll = { crowd, 0 };
    uint32_t members = 0;

    for (uint32_t i = 0; i < CROWD_PLACES; i++)
        members += crowd->members[i].payload != NULL;
    return heap_walk(call_roll, &roll) && roll.present == members;
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
    print("outcome %s\n", outcome_word(finding, false, knows_all(&crowd)));
}
