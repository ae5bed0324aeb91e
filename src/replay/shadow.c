/* SPDX-License-Identifier: MIT */
/* Which granules are in use. */
#include "replay/shadow.h"

#include "lib/panic.h"

/* The bits of one block. */
struct bits {
    struct bitmap used;
    size_t first, count;
};

size_t shadow_bytes(size_t bytes)
{
    return bitmap_word_count(bytes / GRANULE_BYTES) * sizeof(uint32_t);
}

void shadow_add(struct shadow *shadow, uintptr_t begin, uintptr_t end,
                uint32_t *words)
{
    struct bitmap used = { words, (end - begin) / GRANULE_BYTES };

    ASSERT_BELOW(shadow->count, SHADOW_RANGES);
    bitmap_clear_range(&used, 0, used.bits);
    shadow->ranges[shadow->count++] = (struct shadow_range){ begin, end, used };
}

/* Which range holds the block; shadow->count if none does. */
static size_t shadow_range_of(const struct shadow *shadow, uintptr_t address,
                              uint32_t bytes)
{
    size_t i = 0;

    for (; i < shadow->count; i++) {
        const struct shadow_range *range = &shadow->ranges[i];

        if (address >= range->begin && address < range->end &&
            bytes <= range->end - address)
            break;
    }
    return i;
}

static struct bits bits_of(const struct shadow *shadow, uintptr_t address,
                           uint32_t bytes)
{
    size_t index = shadow_range_of(shadow, address, bytes);
    const struct shadow_range *range;

    ASSERT_BELOW(index, shadow->count);
    range = &shadow->ranges[index];
    return (struct bits){ range->used, (address - range->begin) / GRANULE_BYTES,
                          granules_of(bytes) };
}

bool shadow_contains(const struct shadow *shadow, uintptr_t address,
                     uint32_t bytes)
{
    return shadow_range_of(shadow, address, bytes) < shadow->count;
}

bool shadow_is_free(const struct shadow *shadow, uintptr_t address,
                    uint32_t bytes)
{
    struct bits bits = bits_of(shadow, address, bytes);

    return bitmap_all_clear(&bits.used, bits.first, bits.count);
}

void shadow_take(struct shadow *shadow, uintptr_t address, uint32_t bytes)
{
    struct bits bits = bits_of(shadow, address, bytes);

    bitmap_set_range(&bits.used, bits.first, bits.count);
}

void shadow_give(struct shadow *shadow, uintptr_t address, uint32_t bytes)
{
    struct bits bits = bits_of(shadow, address, bytes);

    bitmap_clear_range(&bits.used, bits.first, bits.count);
}
