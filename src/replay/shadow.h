/* SPDX-License-Identifier: MIT */
/* Our own record of the memory that is handed out, independent of the allocator
 * under test.
 *
 *     heap    | aaaa | aaaa | aa.. |      | bbbb | ....
 *     shadow     1      1      1      0      1      0     a bit a granule
 *
 * S1: a bit is set exactly if a live block of the trace covers its granule.
 * S2: blocks that share a granule overlap: a granule is as large as the
 *     alignment that every block must have.
 *
 * Memory comes in ranges, because a heap may grow into a second place.
 */
#ifndef REPLAY_SHADOW_H
#define REPLAY_SHADOW_H

#include "lib/bitmap.h"
#include "replay/survey.h"

#define SHADOW_RANGES 2u

struct shadow_range {
    uintptr_t begin, end; /* multiples of GRANULE_BYTES */
    struct bitmap used;   /* bit 0 is the granule at begin */
};

struct shadow {
    struct shadow_range ranges[SHADOW_RANGES];
    size_t count;
};

/* Bytes of bitmap for a range of `bytes` bytes. */
size_t shadow_bytes(size_t bytes);
/* Adds [begin, end), empty; `words` has shadow_bytes(end - begin) bytes and
 * need not be cleared.  At most SHADOW_RANGES times. */
void shadow_add(struct shadow *shadow, uintptr_t begin, uintptr_t end,
                uint32_t *words);

/* Whether [address, address + bytes) is inside one of the ranges. */
bool shadow_contains(const struct shadow *shadow, uintptr_t address,
                     uint32_t bytes);
/* For blocks that shadow_contains: */
bool shadow_is_free(const struct shadow *shadow, uintptr_t address,
                    uint32_t bytes);
void shadow_take(struct shadow *shadow, uintptr_t address, uint32_t bytes);
void shadow_give(struct shadow *shadow, uintptr_t address, uint32_t bytes);

#endif
