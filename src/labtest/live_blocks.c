/* SPDX-License-Identifier: MIT */
/* Which blocks are live. */
#include "labtest/live_blocks.h"

#include "lib/addr.h"
#include "lib/bitmap.h"
#include "lib/panic.h"
#include "lib/string.h"

#define GRANULE 8u
#define MIX     0x9E3779B1u

#define PLACES (2 * LIVE_BLOCKS_MAX)

static struct {
    struct live_block *blocks; /* [0, count), in no order */
    uint32_t *places;          /* a block's index + 1; 0: empty */
    uint32_t count;
    struct bitmap granules;
    size_t most_granules;
    uintptr_t begin, end;
    uint32_t next_pattern;
} live_blocks;

void live_blocks_init(void *work, size_t bytes)
{
    size_t blocks_bytes = LIVE_BLOCKS_MAX * sizeof *live_blocks.blocks;
    size_t places_bytes = PLACES * sizeof *live_blocks.places;

    ASSERT_BELOW(blocks_bytes + places_bytes, bytes);
    live_blocks.blocks = work;
    live_blocks.places = (uint32_t *)((uintptr_t)work + blocks_bytes);
    live_blocks.granules.words =
        (uint32_t *)((uintptr_t)live_blocks.places + places_bytes);
    live_blocks.most_granules = (bytes - blocks_bytes - places_bytes) * 8;
    live_blocks_start(0, 0);
}

void live_blocks_start(uintptr_t begin, uintptr_t end)
{
    live_blocks.begin = begin;
    live_blocks.end = end;
    /* One more, for a beginning or an end inside of a granule. */
    live_blocks.granules.bits = (end - begin) / GRANULE + 1;
    ASSERT_BELOW(live_blocks.granules.bits, live_blocks.most_granules + 1);
    live_blocks.count = 0;
    memset(live_blocks.places, 0, PLACES * sizeof *live_blocks.places);
    bitmap_clear_range(&live_blocks.granules, 0, live_blocks.granules.bits);
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

static struct live_block *block_in(size_t place)
{
    return &live_blocks.blocks[live_blocks.places[place] - 1];
}

/* Where `payload` is, or where it would go. */
static size_t live_blocks_place(uintptr_t payload)
{
    size_t place = home(payload);

    while (live_blocks.places[place] != 0 &&
           block_in(place)->payload != payload)
        place = place_after(place);
    return place;
}

const struct live_block *live_blocks_find(const void *payload)
{
    size_t place = live_blocks_place((uintptr_t)payload);

    return live_blocks.places[place] != 0 ? block_in(place) : NULL;
}

bool live_blocks_within(uintptr_t payload, size_t bytes)
{
    return payload >= live_blocks.begin && payload <= live_blocks.end &&
           bytes <= live_blocks.end - payload;
}

/* The granules that [payload, payload + bytes) touches. */
static size_t first_granule(uintptr_t payload)
{
    return (payload - live_blocks.begin) / GRANULE;
}

static size_t granule_count(uintptr_t payload, size_t bytes)
{
    if (bytes == 0)
        bytes = 1;
    return (payload - live_blocks.begin + bytes + GRANULE - 1) / GRANULE -
           first_granule(payload);
}

const struct live_block *live_blocks_overlap(uintptr_t payload, size_t bytes)
{
    const struct live_block *block = NULL;

    if (bitmap_all_clear(&live_blocks.granules, first_granule(payload),
                         granule_count(payload, bytes)))
        return NULL;
    while ((block = live_blocks_next(block)) != NULL) {
        if (block->payload < payload + bytes &&
            payload < block->payload + block->bytes)
            return block;
    }
    return live_blocks_find((const void *)payload);
}

const struct live_block *live_blocks_add(void *payload, size_t bytes)
{
    struct live_block *block = &live_blocks.blocks[live_blocks.count];

    ASSERT_BELOW(live_blocks.count, LIVE_BLOCKS_MAX);
    live_blocks.next_pattern += MIX;
    *block = (struct live_block){ (uintptr_t)payload, bytes,
                                  live_blocks.next_pattern, MIX, 0 };
    live_blocks.places[live_blocks_place(block->payload)] = ++live_blocks.count;
    bitmap_set_range(&live_blocks.granules, first_granule(block->payload),
                     granule_count(block->payload, bytes));
    return block;
}

/* Moves up those entries that a search would not find after the gap (G2). */
static void close_gap(size_t gap)
{
    for (size_t at = place_after(gap); live_blocks.places[at] != 0;
         at = place_after(at)) {
        size_t wanted = home(block_in(at)->payload);

        if ((at - wanted) % PLACES < (at - gap) % PLACES)
            continue;
        live_blocks.places[gap] = live_blocks.places[at];
        live_blocks.places[at] = 0;
        gap = at;
    }
}

void live_blocks_remove(const void *payload)
{
    size_t place = live_blocks_place((uintptr_t)payload);
    struct live_block *block = block_in(place);
    const struct live_block *last = &live_blocks.blocks[--live_blocks.count];

    bitmap_clear_range(&live_blocks.granules, first_granule(block->payload),
                       granule_count(block->payload, block->bytes));
    /* The last block moves to where this one was. */
    live_blocks.places[live_blocks_place(last->payload)] =
        live_blocks.places[place];
    live_blocks.places[place] = 0;
    *block = *last;
    close_gap(place);
}

const struct live_block *live_blocks_next(const struct live_block *block)
{
    uint32_t next = block ? (uint32_t)(block - live_blocks.blocks) + 1 : 0;

    return next < live_blocks.count ? &live_blocks.blocks[next] : NULL;
}

static struct live_block *live_blocks_get(const void *payload)
{
    return block_in(live_blocks_place((uintptr_t)payload));
}

void live_blocks_use_word(const void *payload, uint32_t word)
{
    live_blocks_get(payload)->pattern = word;
    live_blocks_get(payload)->step = 0;
}

void live_blocks_count(const void *payload, size_t bytes)
{
    live_blocks_get(payload)->counted = bytes;
}

/* Differs from word to word and from block to block. */
static uint32_t pattern_word(const struct live_block *pattern, size_t index)
{
    return pattern->pattern ^ (uint32_t)index * pattern->step;
}

uint8_t live_blocks_byte(const struct live_block *pattern, size_t offset)
{
    return (uint8_t)(pattern_word(pattern, offset / 4) >> offset % 4 * 8);
}

/* Whole words first: tests spend most of their time here. */
void live_blocks_fill(const struct live_block *block)
{
    uint8_t *payload = (uint8_t *)block->payload;
    uint32_t *words = (uint32_t *)block->payload;
    size_t i = 0;

    for (; i + 4 <= block->bytes; i += 4)
        words[i / 4] = pattern_word(block, i / 4);
    for (; i < block->bytes; i++)
        payload[i] = live_blocks_byte(block, i);
}

/* `payload` may be any address: an allocator has moved the block there. */
size_t live_blocks_damage(const void *payload, size_t bytes,
                          const struct live_block *pattern)
{
    const uint8_t *found = payload;
    const uint32_t *words = payload;
    size_t i = 0;

    while ((uintptr_t)payload % 4 == 0 && i + 4 <= bytes &&
           words[i / 4] == pattern_word(pattern, i / 4))
        i += 4;
    while (i < bytes && found[i] == live_blocks_byte(pattern, i))
        i++;
    return i;
}
