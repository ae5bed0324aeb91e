/* SPDX-License-Identifier: MIT */
/* Next fit without a free list: a tag at both ends of each block.
 *
 *     begin                                                    end
 *     | u | tag | payload | tag | tag | free ... | tag | ... | u |
 *           \_____ block _____/ \______ block ______/
 *
 * A tag is the block's length, and whether it is used.  The tag in front of a
 * block is the end of the block before, so both neighbours are found without a
 * list.  A search begins where the last one has ended and goes over all blocks,
 * used ones too.  The marks at the ends are used blocks of no length.
 */
#include "mm/malloc/malloc.h"

#include "lib/addr.h"
#include "mm/malloc/malloc_block.h"

#define TAG_BYTES sizeof(uint32_t)
#define USED      1u
#define LEAST     16u /* two tags and 8 bytes */

struct malloc_heap malloc_heap;

typedef uint32_t tag_t;

static tag_t *rover; /* a block, in which the next search begins */

static tag_t *next_of(tag_t *block)
{
    return (tag_t *)((uintptr_t)block + (*block & ~USED));
}

static tag_t *last_tag(tag_t *block)
{
    return next_of(block) - 1;
}

static tag_t *before(tag_t *block)
{
    return (tag_t *)((uintptr_t)block - (block[-1] & ~USED));
}

static void mark(tag_t *block, size_t bytes, tag_t used)
{
    *block = (tag_t)bytes | used;
    *last_tag(block) = *block;
}

static size_t bytes_of(const tag_t *block)
{
    return *block & ~USED;
}

static tag_t *first_block(void)
{
    return (tag_t *)(malloc_heap.begin + TAG_BYTES);
}

static bool is_full_from_the_start(void)
{
    return malloc_heap.end == malloc_heap.begin;
}

enum stage_state malloc_init(uintptr_t begin, uintptr_t end)
{
    begin = align_up(begin, HEAP_ALIGNMENT);
    end = align_down(end, HEAP_ALIGNMENT);
    malloc_heap = (struct malloc_heap){ .begin = begin, .end = begin };
    list_init(&malloc_heap.free_list);
    if (end < begin || end - begin < LEAST + 2 * TAG_BYTES)
        return STAGE_OK;
    malloc_heap.end = end;
    *(tag_t *)begin = USED;
    *(tag_t *)(end - TAG_BYTES) = USED;
    rover = first_block();
    mark(rover, end - begin - 2 * TAG_BYTES, 0);
    return STAGE_OK;
}

/* Cuts a block of `bytes` off the front; the rest is free. */
static void cut(tag_t *block, size_t bytes, tag_t used)
{
    size_t rest = bytes_of(block) - bytes;

    if (rest < LEAST) {
        mark(block, bytes_of(block), used);
        return;
    }
    mark(block, bytes, used);
    mark(next_of(block), rest, 0);
}

/* Takes the block behind, which is none any more. */
static void absorb_next(tag_t *block)
{
    if (rover == next_of(block))
        rover = block;
    mark(block, bytes_of(block) + bytes_of(next_of(block)), *block & USED);
}

/* A free block and what is free beside it become one. */
static void join(tag_t *block)
{
    if (!(*next_of(block) & USED))
        absorb_next(block);
    if (!(block[-1] & USED))
        absorb_next(before(block));
}

static size_t block_bytes_for(size_t bytes)
{
    size_t needed = align_up(bytes + 2 * TAG_BYTES, HEAP_ALIGNMENT);

    return needed < LEAST ? LEAST : needed;
}

static size_t padding_of(const tag_t *block, size_t alignment)
{
    size_t padding = -(uintptr_t)(block + 1) & (alignment - 1);

    return padding > 0 && padding < LEAST ? padding + alignment : padding;
}

static void *take(tag_t *block, size_t padding, size_t bytes)
{
    if (padding > 0) {
        cut(block, padding, 0);
        block = next_of(block);
    }
    cut(block, bytes, USED);
    rover = block;
    usage_add(&malloc_heap.usage, bytes_of(block) - 2 * TAG_BYTES);
    return block + 1;
}

void *malloc_alloc(size_t bytes, size_t alignment)
{
    tag_t *block = rover;

    if (is_full_from_the_start() || bytes > malloc_heap.end - malloc_heap.begin)
        return NULL;
    bytes = block_bytes_for(bytes);
    do {
        size_t padding = padding_of(block, alignment);

        if (!(*block & USED) && padding <= bytes_of(block) &&
            bytes <= bytes_of(block) - padding)
            return take(block, padding, bytes);
        block = next_of(block);
        if (bytes_of(block) == 0)
            block = first_block();
    } while (block != rover);
    return NULL;
}

/* Whether both tags say the same, used, and lead to tags in the heap. */
static bool is_used_block(const tag_t *block)
{
    uintptr_t room = malloc_heap.end - TAG_BYTES - (uintptr_t)block;
    size_t bytes = bytes_of(block);

    return (*block & (HEAP_ALIGNMENT - 1)) == USED && bytes >= LEAST &&
           bytes <= room && *block == block[bytes / TAG_BYTES - 1];
}

/* HEAP_OK, or what is wrong with the address: then all blocks are looked at. */
static enum heap_error payload_error(const void *payload)
{
    uintptr_t address = (uintptr_t)payload;

    if (address < malloc_heap.begin || address >= malloc_heap.end)
        return HEAP_FOREIGN;
    if (address % HEAP_ALIGNMENT != 0)
        return HEAP_MISALIGNED;
    if (address > malloc_heap.begin &&
        is_used_block((const tag_t *)payload - 1))
        return HEAP_OK;
    for (tag_t *block = first_block(); bytes_of(block) > 0;
         block = next_of(block)) {
        if (address >= (uintptr_t)next_of(block))
            continue;
        if (!(*block & USED))
            return HEAP_ALREADY_FREE;
        return payload == block + 1 ? HEAP_OK : HEAP_INTERIOR;
    }
    return HEAP_FOREIGN;
}

enum heap_error malloc_free(void *payload)
{
    enum heap_error error = payload_error(payload);
    tag_t *block = (tag_t *)payload - 1;

    if (error != HEAP_OK)
        return error;
    usage_remove(&malloc_heap.usage, bytes_of(block) - 2 * TAG_BYTES);
    mark(block, bytes_of(block), 0);
    join(block);
    return HEAP_OK;
}

bool malloc_resize(void *payload, size_t bytes)
{
    tag_t *block = (tag_t *)payload - 1, *next;
    size_t old_bytes, available;

    if (bytes > malloc_heap.end - malloc_heap.begin ||
        payload_error(payload) != HEAP_OK)
        return false;
    bytes = block_bytes_for(bytes);
    old_bytes = available = bytes_of(block);
    next = next_of(block);
    if (!(*next & USED))
        available += bytes_of(next);
    if (bytes > available)
        return false;
    if (available > old_bytes)
        absorb_next(block);
    cut(block, bytes, USED);
    malloc_heap.usage.used_bytes += bytes_of(block) - old_bytes;
    usage_peak(&malloc_heap.usage);
    return true;
}

size_t malloc_size(const void *payload)
{
    if (payload_error(payload) != HEAP_OK)
        return 0;
    return bytes_of((const tag_t *)payload - 1) - 2 * TAG_BYTES;
}

bool malloc_owns(const void *payload)
{
    uintptr_t address = (uintptr_t)payload;

    return address >= malloc_heap.begin && address < malloc_heap.end;
}

bool malloc_walk(block_visitor visit, void *context)
{
    if (is_full_from_the_start())
        return true;
    for (tag_t *block = first_block(); bytes_of(block) > 0;
         block = next_of(block)) {
        const struct block seen = {
            .address = (uintptr_t)(block + 1),
            .bytes = bytes_of(block) - 2 * TAG_BYTES,
            .overhead = TAG_BYTES,
            .state = *block & USED ? BLOCK_USED : BLOCK_FREE,
            .owner = "malloc",
        };

        if (!visit(&seen, context))
            return false;
    }
    return true;
}

/* The checker of this layout, in place of the given one: both tags of a block
 * say the same, no two free blocks touch, and the counters are what a walk
 * finds. */
struct violation malloc_check(void)
{
    size_t used_bytes = 0, used_blocks = 0;
    bool free_before = false;

    if (is_full_from_the_start())
        return SOUND;
    for (tag_t *block = first_block(); bytes_of(block) > 0;
         block = next_of(block)) {
        bool is_free = !(*block & USED);

        if (bytes_of(block) > malloc_heap.end - (uintptr_t)block ||
            *block != *last_tag(block))
            return (struct violation){ "both tags of a block say the same",
                                       (uintptr_t)block, *block, 0 };
        if (is_free && free_before)
            return (struct violation){ "no two free blocks touch",
                                       (uintptr_t)block, USED, 0 };
        used_blocks += !is_free;
        used_bytes += is_free ? 0 : bytes_of(block) - 2 * TAG_BYTES;
        free_before = is_free;
    }
    if (malloc_heap.usage.used_blocks != used_blocks)
        return (struct violation){ "used_blocks is what a walk finds", 0,
                                   used_blocks, malloc_heap.usage.used_blocks };
    return violation_unless_equal("used_bytes is what a walk finds",
                                  &malloc_heap.usage, used_bytes,
                                  malloc_heap.usage.used_bytes);
}

const struct heap_backend malloc_backend = {
    .name = "malloc",
    .alloc = malloc_alloc,
    .free = malloc_free,
    .resize = malloc_resize,
    .size = malloc_size,
    .owns = malloc_owns,
    .walk = malloc_walk,
    .check = malloc_check,
    .usage = &malloc_heap.usage,
};
