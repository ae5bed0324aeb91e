/* SPDX-License-Identifier: MIT */
/* Checks the invariants of bump.c; shares the layout with it, but no code.
 *
 * A caller who writes past the end of a payload breaks the next header, and the
 * check finds that.  It cannot find a stray write that misses every header.
 */
#include "mm/heap/bump.h"

#include "mm/heap/bump_block.h"

static const char tiling[] = "I1: blocks tile the heap up to its top";
static const char marking[] = "I2: every header is marked used or freed";
static const char counting[] = "I3: the counters equal what a walk finds";

/* Weak: a student's file with another layout has one of its own. */
__attribute__((weak)) struct violation bump_check(void)
{
    const struct bump_heap *heap = &bump_heap;
    size_t used_bytes = 0, used_blocks = 0;
    uintptr_t at = heap->begin;

    if (heap->top < heap->begin || heap->top > heap->end)
        return (struct violation){ tiling, heap->top, heap->end, heap->top };
    while (at != heap->top) {
        const struct bump_header *header = (const struct bump_header *)at;
        uintptr_t room = heap->top - at;

        if (room < sizeof *header || header->bytes > room - sizeof *header ||
            header->bytes % HEAP_ALIGNMENT != 0)
            return (struct violation){ tiling, at, room - sizeof *header,
                                       header->bytes };
        if (header->state != BUMP_USED && header->state != BUMP_FREED)
            return (struct violation){ marking, at, BUMP_USED, header->state };
        if (header->state == BUMP_USED) {
            used_bytes += header->bytes;
            used_blocks++;
        }
        at += sizeof *header + header->bytes;
    }
    if (heap->usage.used_bytes != used_bytes)
        return (struct violation){ counting, (uintptr_t)&heap->usage,
                                   used_bytes, heap->usage.used_bytes };
    if (heap->usage.used_blocks != used_blocks)
        return (struct violation){ counting, (uintptr_t)&heap->usage,
                                   used_blocks, heap->usage.used_blocks };
    return SOUND;
}
