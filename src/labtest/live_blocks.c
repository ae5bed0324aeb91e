/* SPDX-License-Identifier: MIT */
/* Which blocks are live. */
#include "labtest/live_blocks.h"

#include "lib/addr.h"
#include "lib/bitmap.h"
#include "lib/panic.h"
#include "lib/string.h"

#define GRANULE 8u
#define MIX     0x9E3779B1u

#define PLACES (2 * LEDGER_BLOCKS)

static struct {
    struct ledger_block *blocks; /* [0, count), in no order */
    uint32_t *places;            /* a block's index + 1; 0: empty */
    uint32_t count;
    struct bitmap granules;
    size_t most_granules;
    uintptr_t begin, end;
    uint32_t next_pattern;
} ledger;

void ledger_init(void *work, size_t bytes)
{
    size_t blocks_bytes = LEDGER_BLOCKS * sizeof *ledger.blocks;
    size_t places_bytes = PLACES * sizeof *ledger.places;

    ASSERT_BELOW(blocks_bytes + places_bytes, bytes);
    ledger.blocks = work;
    ledger.places = (uint32_t *)((uintptr_t)work + blocks_bytes);
    ledger.granules.words =
        (uint32_t *)((uintptr_t)ledger.places + places_bytes);
    ledger.most_granules = (bytes - blocks_bytes - places_bytes) * 8;
    ledger_start(0, 0);
}

void ledger_start(uintptr_t begin, uintptr_t end)
{
    ledger.begin = begin;
    ledger.end = end;
    /* One more, for a beginning or an end inside of a granule. */
    ledger.granules.bits = (end - begin) / GRANULE + 1;
    ASSERT_BELOW(ledger.granules.bits, ledger.most_granules + 1);
    ledger.count = 0;
    memset(ledger.places, 0, PLACES * sizeof *ledger.places);
    bitmap_clear_range(&ledger.granules, 0, ledger.granules.bits);
}

static size_t home(uintptr_t payload)
{
    return (uint32_t)payload * MIX >> 15;
}

_Static_assert(PLACES == 1u << (32 - 15), "home() is a place");

static size_t place_after(size_t place)
{
    return (place + 1) % PLACES;
}

static struct ledger_block *block_in(size_t place)
{
    return &ledger.blocks[ledger.places[place] - 1];
}

/* Where `payload` is, or where it would go. */
static size_t place_of(uintptr_t payload)
{
    size_t place = home(payload);

    while (ledger.places[place] != 0 && block_in(place)->payload != payload)
        place = place_after(place);
    return place;
}

const struct ledger_block *ledger_find(const void *payload)
{
    size_t place = place_of((uintptr_t)payload);

    return ledger.places[place] != 0 ? block_in(place) : NULL;
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
    struct ledger_block *block = &ledger.blocks[ledger.count];

    ASSERT_BELOW(ledger.count, LEDGER_BLOCKS);
    ledger.next_pattern += MIX;
    *block =
        (struct ledger_block){ (uintptr_t)payload, bytes, ledger.next_pattern };
    ledger.places[place_of(block->payload)] = ++ledger.count;
    bitmap_set_range(&ledger.granules, first_granule(block->payload),
                     granule_count(block->payload, bytes));
    return block;
}

/* Moves up what would not be found behind the gap (G2). */
static void close_gap(size_t gap)
{
    for (size_t at = place_after(gap); ledger.places[at] != 0;
         at = place_after(at)) {
        size_t wanted = home(block_in(at)->payload);

        if ((at - wanted) % PLACES < (at - gap) % PLACES)
            continue;
        ledger.places[gap] = ledger.places[at];
        ledger.places[at] = 0;
        gap = at;
    }
}

void ledger_remove(const void *payload)
{
    size_t place = place_of((uintptr_t)payload);
    struct ledger_block *block = block_in(place);
    const struct ledger_block *last = &ledger.blocks[--ledger.count];

    bitmap_clear_range(&ledger.granules, first_granule(block->payload),
                       granule_count(block->payload, block->bytes));
    /* The last block moves to where this one was. */
    ledger.places[place_of(last->payload)] = ledger.places[place];
    ledger.places[place] = 0;
    *block = *last;
    close_gap(place);
}

const struct ledger_block *ledger_next(const struct ledger_block *block)
{
    uint32_t next = block ? (uint32_t)(block - ledger.blocks) + 1 : 0;

    return next < ledger.count ? &ledger.blocks[next] : NULL;
}

/* Differs from word to word and from block to block. */
static uint32_t pattern_word(uint32_t pattern, size_t index)
{
    return pattern ^ (uint32_t)index * MIX;
}

uint8_t ledger_byte(uint32_t pattern, size_t offset)
{
    return (uint8_t)(pattern_word(pattern, offset / 4) >> offset % 4 * 8);
}

/* Whole words first: tests spend most of their time here. */
void ledger_fill(const struct ledger_block *block)
{
    uint8_t *payload = (uint8_t *)block->payload;
    uint32_t *words = (uint32_t *)block->payload;
    size_t i = 0;

    for (; i + 4 <= block->bytes; i += 4)
        words[i / 4] = pattern_word(block->pattern, i / 4);
    for (; i < block->bytes; i++)
        payload[i] = ledger_byte(block->pattern, i);
}

/* `payload` may be anywhere: an allocator has moved it there. */
size_t ledger_damage(const void *payload, size_t bytes, uint32_t pattern)
{
    const uint8_t *found = payload;
    const uint32_t *words = payload;
    size_t i = 0;

    while ((uintptr_t)payload % 4 == 0 && i + 4 <= bytes &&
           words[i / 4] == pattern_word(pattern, i / 4))
        i += 4;
    while (i < bytes && found[i] == ledger_byte(pattern, i))
        i++;
    return i;
}
