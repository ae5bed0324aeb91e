/* SPDX-License-Identifier: MIT */
/* The simplest allocator there is: a pointer that moves up.
 *
 *     begin                                        top            end
 *     | hdr | payload | hdr | payload .... | hdr | p |  untouched  |
 *                                                    ^ the next header
 *
 * To allocate, it writes a header at `top` and moves `top` past the end of the
 * payload.  The header holds the length of the payload, so that a walk finds
 * every block, and a caller can ask for a block's size.
 *
 *     I1: blocks tile [begin, top): each ends where the next begins.
 *     I2: every header is marked either used or freed.
 *     I3: the counters equal what a walk finds.
 *
 * Weak points, on purpose: freed memory is never used again.  bump_free() only
 * marks the block, so that a second free of it is refused.  It does not even
 * take the last block back: a heap that profits only from a lucky order of
 * frees is harder to predict.  An alignment above 8 leaves padding before the
 * block.
 */
#include "mm/heap/bump.h"

#include "lib/addr.h"
#include "lib/panic.h"
#include "mm/heap/bump_block.h"

#define HEADER_BYTES sizeof(struct bump_header)

struct bump_heap bump_heap;

/* The header before `payload`, which the caller need not have checked. */
static struct bump_header *header_of(const void *payload)
{
    return (struct bump_header *)((uintptr_t)payload - HEADER_BYTES);
}

/* Where the payload after `header` begins. */
static void *bump_payload_of(const struct bump_header *header)
{
    return (void *)((uintptr_t)header + HEADER_BYTES);
}

/* Where the next header is, or will be. */
static uintptr_t bump_block_end(const struct bump_header *header)
{
    return (uintptr_t)bump_payload_of(header) + header->bytes;
}

enum stage_state bump_init(uintptr_t begin, uintptr_t end)
{
    /* LAB 3 BEGIN: return STAGE_NOT_WRITTEN; */
    begin = align_up(begin, HEAP_ALIGNMENT);
    end = align_down(end, HEAP_ALIGNMENT);
    if (end < begin)
        end = begin;
    bump_heap = (struct bump_heap){ .begin = begin, .top = begin, .end = end };
    return STAGE_OK;
    /* LAB 3 END */
}

/* Writes a header at `top` and moves `top` past a payload of `bytes` bytes, a
 * multiple of HEAP_ALIGNMENT.  The caller has checked that the block fits. */
static struct bump_header *block_append(size_t bytes, enum bump_state state)
{
    /* LAB 3 BEGIN: return NULL; */
    struct bump_header *header = (struct bump_header *)bump_heap.top;

    header->bytes = (uint32_t)bytes;
    header->state = state;
    bump_heap.top += HEADER_BYTES + bytes;
    return header;
    /* LAB 3 END */
}

/* Bytes to skip from `top` on, so that the payload after the next header is
 * aligned. */
static size_t bump_padding(size_t alignment)
{
    /* LAB 3 BEGIN: return 0; */
    return -(bump_heap.top + HEADER_BYTES) & (alignment - 1);
    /* LAB 3 END */
}

void *bump_alloc(size_t bytes, size_t alignment)
{
    /* LAB 3 BEGIN: return NOT_WRITTEN; */
    size_t padding = bump_padding(alignment);
    size_t room = bump_heap.end - bump_heap.top;
    struct bump_header *header;

    /* Compared one after the other: a sum of all might overflow. */
    if (room < HEADER_BYTES || padding > room - HEADER_BYTES ||
        bytes > room - HEADER_BYTES - padding)
        return NULL;
    /* The padding becomes a freed block, so that the blocks still tile. */
    if (padding > 0)
        block_append(padding - HEADER_BYTES, BUMP_FREED);
    header = block_append(align_up(bytes, HEAP_ALIGNMENT), BUMP_USED);
    usage_add(&bump_heap.usage, header->bytes);
    return bump_payload_of(header);
    /* LAB 3 END */
}

/* Whether a word is one of the two marks of a header. */
static bool is_state(uint32_t state)
{
    return state == BUMP_USED || state == BUMP_FREED;
}

/* The error for an address that is aligned and in [begin, top), but has no
 * sensible header before it.  Walks from the bottom to give a better message.
 */
static enum heap_error bump_explain(uintptr_t address)
{
    uintptr_t at = bump_heap.begin;

    ASSERT(address >= bump_heap.begin);
    ASSERT_BELOW(address, bump_heap.top);
    while (at < bump_heap.top) {
        const struct bump_header *header = (struct bump_header *)at;

        if (!is_state(header->state) ||
            header->bytes > bump_heap.top - at - HEADER_BYTES)
            return HEAP_CORRUPT;
        if (address < bump_block_end(header))
            return HEAP_INTERIOR;
        at = bump_block_end(header);
    }
    return HEAP_CORRUPT;
}

/* HEAP_OK if `payload` is a block in use; else the reason why it is not.
 * Payload that looks like a header deceives it. */
static enum heap_error payload_error(const void *payload)
{
    /* LAB 3 BEGIN: return HEAP_NOT_WRITTEN; */
    uintptr_t address = (uintptr_t)payload;
    const struct bump_header *header = header_of(payload);

    if (address < bump_heap.begin || address >= bump_heap.top)
        return HEAP_FOREIGN;
    if (address % HEAP_ALIGNMENT != 0)
        return HEAP_MISALIGNED;
    if (address < bump_heap.begin + HEADER_BYTES || !is_state(header->state) ||
        header->bytes > bump_heap.top - address)
        return bump_explain(address);
    return header->state == BUMP_USED ? HEAP_OK : HEAP_ALREADY_FREE;
    /* LAB 3 END */
}

enum heap_error bump_free(void *payload)
{
    /* LAB 3 BEGIN: return HEAP_NOT_WRITTEN; */
    enum heap_error error = payload_error(payload);

    if (error == HEAP_OK) {
        header_of(payload)->state = BUMP_FREED;
        usage_remove(&bump_heap.usage, header_of(payload)->bytes);
    }
    return error;
    /* LAB 3 END */
}

size_t bump_size(const void *payload)
{
    return payload_error(payload) == HEAP_OK ? header_of(payload)->bytes : 0;
}

bool bump_resize(void *payload, size_t bytes)
{
    return bytes <= bump_size(payload);
}

bool bump_owns(const void *payload)
{
    uintptr_t address = (uintptr_t)payload;

    return address >= bump_heap.begin && address < bump_heap.end;
}

bool bump_walk(block_visitor visit, void *context)
{
    uintptr_t at = bump_heap.begin;

    while (at < bump_heap.top) {
        const struct bump_header *header = (struct bump_header *)at;
        struct block block = {
            .address = (uintptr_t)bump_payload_of(header),
            .bytes = header->bytes,
            .overhead = HEADER_BYTES,
            .state = header->state == BUMP_USED ? BLOCK_USED : BLOCK_FREE,
            .owner = "bump",
        };

        if (header->bytes > bump_heap.top - at - HEADER_BYTES ||
            !visit(&block, context))
            return false;
        at = bump_block_end(header);
    }
    return true;
}

const struct heap_backend bump_backend = {
    .name = "bump",
    .alloc = bump_alloc,
    .free = bump_free,
    .resize = bump_resize,
    .size = bump_size,
    .owns = bump_owns,
    .walk = bump_walk,
    .check = bump_check,
    .usage = &bump_heap.usage,
};
