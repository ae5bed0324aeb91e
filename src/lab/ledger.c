/* SPDX-License-Identifier: MIT */
#include "lab/ledger.h"

#include "lib/addr.h"
#include "lib/bitmap.h"
#include "lib/panic.h"
#include "lib/string.h"

#define GRANULE 8u
#define MIX     0x9E3779B1u

static struct {
    struct ledger_block *blocks; /* LEDGER_BLOCKS of them */
    size_t count;
    struct bitmap granules;
    size_t most_granules;
    uintptr_t begin, end;
    uint32_t next_pattern;
} ledger;

void ledger_init(void *work, size_t bytes)
{
    size_t taken = LEDGER_BLOCKS * sizeof *ledger.blocks;

    ASSERT(bytes > taken);
    ledger.blocks = work;
    ledger.granules.words = (uint32_t *)((uintptr_t)work + taken);
    ledger.most_granules = (bytes - taken) * 8;
    ledger_start(0, 0);
}

void ledger_start(uintptr_t begin, uintptr_t end)
{
    ledger.begin = begin;
    ledger.end = end;
    ledger.granules.bits = (end - begin) / GRANULE;
    ASSERT(ledger.granules.bits <= ledger.most_granules);
    ledger.count = 0;
    memset(ledger.blocks, 0, LEDGER_BLOCKS * sizeof *ledger.blocks);
    bitmap_clear_range(&ledger.granules, 0, ledger.granules.bits);
}

static size_t home(uintptr_t payload)
{
    return (uint32_t)payload * MIX >> 14;
}

_Static_assert(LEDGER_BLOCKS == 1u << (32 - 14), "home() is a place");

static size_t place_after(size_t place)
{
    return (place + 1) % LEDGER_BLOCKS;
}

/* Where `payload` is, or where it would go. */
static size_t place_of(uintptr_t payload)
{
    size_t place = home(payload);

    while (ledger.blocks[place].payload != 0 &&
           ledger.blocks[place].payload != payload)
        place = place_after(place);
    return place;
}

const struct ledger_block *ledger_find(const void *payload)
{
    const struct ledger_block *block =
        &ledger.blocks[place_of((uintptr_t)payload)];

    return payload && block->payload ? block : NULL;
}

bool ledger_within(uintptr_t payload, size_t bytes)
{
    return payload >= ledger.begin && payload <= ledger.end &&
           bytes <= ledger.end - payload;
}

/* The granules that [payload, payload + bytes) touches. */
static size_t first_granule(uintptr_t payload)
{
    return (payload - ledger.begin) / GRANULE;
}

static size_t granule_count(uintptr_t payload, size_t bytes)
{
    if (bytes == 0)
        bytes = 1;
    return (payload - ledger.begin + bytes + GRANULE - 1) / GRANULE -
           first_granule(payload);
}

const struct ledger_block *ledger_overlap(uintptr_t payload, size_t bytes)
{
    const struct ledger_block *block = NULL;

    if (bitmap_all_clear(&ledger.granules, first_granule(payload),
                         granule_count(payload, bytes)))
        return NULL;
    while ((block = ledger_next(block)) != NULL) {
        if (block->payload < payload + bytes &&
            payload < block->payload + block->bytes)
            return block;
    }
    return ledger_find((const void *)payload);
}

const struct ledger_block *ledger_add(void *payload, size_t bytes)
{
    struct ledger_block *block = &ledger.blocks[place_of((uintptr_t)payload)];

    ASSERT_BELOW(ledger.count, LEDGER_BLOCKS - 1);
    ledger.count++;
    ledger.next_pattern += MIX;
    *block =
        (struct ledger_block){ (uintptr_t)payload, bytes, ledger.next_pattern };
    bitmap_set_range(&ledger.granules, first_granule(block->payload),
                     granule_count(block->payload, bytes));
    return block;
}

/* Moves up what would not be found behind the gap (G2). */
static void close_gap(size_t gap)
{
    for (size_t at = place_after(gap); ledger.blocks[at].payload != 0;
         at = place_after(at)) {
        size_t wanted = home(ledger.blocks[at].payload);

        if ((at - wanted) % LEDGER_BLOCKS < (at - gap) % LEDGER_BLOCKS)
            continue;
        ledger.blocks[gap] = ledger.blocks[at];
        ledger.blocks[at].payload = 0;
        gap = at;
    }
}

void ledger_remove(const void *payload)
{
    size_t place = place_of((uintptr_t)payload);
    struct ledger_block *block = &ledger.blocks[place];

    bitmap_clear_range(&ledger.granules, first_granule(block->payload),
                       granule_count(block->payload, block->bytes));
    block->payload = 0;
    ledger.count--;
    close_gap(place);
}

const struct ledger_block *ledger_next(const struct ledger_block *block)
{
    size_t place = block ? (size_t)(block - ledger.blocks) + 1 : 0;

    for (; place < LEDGER_BLOCKS; place++) {
        if (ledger.blocks[place].payload != 0)
            return &ledger.blocks[place];
    }
    return NULL;
}

/* Differs from byte to byte and from block to block. */
uint8_t ledger_byte(uint32_t pattern, size_t offset)
{
    uint32_t word = pattern ^ (uint32_t)(offset / 4) * MIX;

    return (uint8_t)(word >> offset % 4 * 8);
}

void ledger_fill(const struct ledger_block *block)
{
    uint8_t *payload = (uint8_t *)block->payload;

    for (size_t i = 0; i < block->bytes; i++)
        payload[i] = ledger_byte(block->pattern, i);
}

size_t ledger_damage(const void *payload, size_t bytes, uint32_t pattern)
{
    const uint8_t *found = payload;
    size_t i = 0;

    while (i < bytes && found[i] == ledger_byte(pattern, i))
        i++;
    return i;
}
