/* SPDX-License-Identifier: MIT */
/* Checks the invariants of malloc.c; shares the layout with it, but no code.
 *
 * It trusts nothing: it compares an address with the heap's ends before it
 * reads there, and each loop moves up in address or stops.  So it ends with an
 * answer in any damaged heap.
 *
 * It does not check payload.  A write past the end of a block that stops before
 * the next header, or one that forges a header, leaves all invariants true.
 */
#include "mm/malloc/malloc.h"

#include "mm/malloc/malloc_block.h"

static const char tiling[] = "I1: blocks tile the heap, used or free";
static const char backward[] = "I2: previous_bytes is the block before";
static const char coalesced[] = "I3: no two free blocks touch";
static const char listing[] =
    "I4: the free list holds all free blocks and no others, by address";
static const char counting[] = "I5: the counters equal what a walk finds";

/* The sums of a walk over the blocks. */
struct tally {
    size_t used_bytes, used_blocks;
};

/* The length in the header at `at`. */
static uint32_t length_at(uintptr_t at)
{
    const struct block_header *block = (const struct block_header *)at;

    return block->bytes_and_state & ~BLOCK_STATE_BITS;
}

/* The state in the header at `at`. */
static uint32_t tag_at(uintptr_t at)
{
    const struct block_header *block = (const struct block_header *)at;

    return block->bytes_and_state & BLOCK_STATE_BITS;
}

/* The previous_bytes in the header at `at`. */
static uint32_t previous_at(uintptr_t at)
{
    return ((const struct block_header *)at)->previous_bytes;
}

/* I1 to I3, and the tally.  Each step moves up by at least one block. */
static struct violation malloc_check_blocks(struct tally *tally)
{
    uintptr_t at = malloc_heap.begin, end = malloc_heap.end;
    uint32_t previous_bytes = 0;
    bool previous_free = false;

    while (at != end) {
        uint32_t bytes = length_at(at), tag = tag_at(at);

        if (bytes < MIN_BLOCK_BYTES || bytes > end - at)
            return (struct violation){ tiling, at, end - at, bytes };
        if (tag != TAG_USED && tag != TAG_FREE)
            return (struct violation){ tiling, at, TAG_USED, tag };
        if (previous_at(at) != previous_bytes)
            return (struct violation){ backward, at, previous_bytes,
                                       previous_at(at) };
        if (tag == TAG_FREE && previous_free)
            return (struct violation){ coalesced, at, TAG_USED, tag };
        previous_free = tag == TAG_FREE;
        previous_bytes = bytes;
        tally->used_blocks += !previous_free;
        tally->used_bytes += previous_free ? 0 : bytes - HEADER_BYTES;
        at += bytes;
    }
    return SOUND;
}

/* The header after the last block, which never counts as free. */
static struct violation malloc_check_end_mark(void)
{
    uintptr_t at = malloc_heap.begin, end = malloc_heap.end;
    uint32_t last_bytes = 0;

    if (at == end)
        return SOUND; /* a heap too small for a block has no end mark */
    for (; at != end; at += last_bytes)
        last_bytes = length_at(at);
    if (length_at(end) != HEADER_BYTES || tag_at(end) != TAG_USED)
        return (struct violation){ tiling, end, HEADER_BYTES | TAG_USED,
                                   length_at(end) | tag_at(end) };
    if (previous_at(end) != last_bytes)
        return (struct violation){ backward, end, last_bytes,
                                   previous_at(end) };
    return SOUND;
}

/* The link of the first free block at or above `at`, or else the list's head:
 * this is what an address-ordered list must point to next. */
static uintptr_t expected_link(uintptr_t at)
{
    for (; at != malloc_heap.end; at += length_at(at)) {
        if (tag_at(at) == TAG_FREE)
            return at + offsetof(struct free_block, link);
    }
    return (uintptr_t)&malloc_heap.free_list;
}

/* I4, once I1 to I3 hold: follows blocks and list side by side.  A link is
 * read only after the walk has found a free block there. */
static struct violation malloc_check_free_list(void)
{
    const struct list_link *head = &malloc_heap.free_list, *link = head;
    uintptr_t at = malloc_heap.begin;

    do {
        uintptr_t expected = expected_link(at);

        if ((uintptr_t)link->next != expected)
            return (struct violation){ listing, (uintptr_t)link, expected,
                                       (uintptr_t)link->next };
        if (link->next->previous != link)
            return (struct violation){ listing, expected, (uintptr_t)link,
                                       (uintptr_t)link->next->previous };
        link = link->next;
        if (link != head) {
            at = (uintptr_t)link - offsetof(struct free_block, link);
            at += length_at(at);
        }
    } while (link != head);
    return SOUND;
}

/* I5 */
static struct violation malloc_check_counters(const struct tally *tally)
{
    const struct heap_usage *usage = &malloc_heap.usage;

    if (usage->used_bytes != tally->used_bytes)
        return (struct violation){ counting, (uintptr_t)&usage->used_bytes,
                                   tally->used_bytes, usage->used_bytes };
    if (usage->used_blocks != tally->used_blocks)
        return (struct violation){ counting, (uintptr_t)&usage->used_blocks,
                                   tally->used_blocks, usage->used_blocks };
    if (usage->peak_bytes < usage->used_bytes)
        return (struct violation){ counting, (uintptr_t)&usage->peak_bytes,
                                   usage->used_bytes, usage->peak_bytes };
    return SOUND;
}

/* Weak: a student's file with another layout has one of its own. */
__attribute__((weak)) struct violation malloc_check(void)
{
    struct tally tally = { 0, 0 };
    struct violation violation = malloc_check_blocks(&tally);

    if (is_sound(violation))
        violation = malloc_check_end_mark();
    if (is_sound(violation))
        violation = malloc_check_free_list();
    if (is_sound(violation))
        violation = malloc_check_counters(&tally);
    return violation;
}
