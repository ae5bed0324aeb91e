/* SPDX-License-Identifier: MIT */
/* First fit over a list of free blocks, which split and coalesce.
 *
 *     begin                                                        end
 *     | hdr | payload | hdr | free .... | hdr | payload | hdr | free | end |
 *                             ^                                 ^
 *     free list: head <-------+---------------------------------+----> head
 *
 * Blocks follow each other without gaps.  A header holds the length of its own
 * block and of the block before, so one addition or subtraction leads to each
 * neighbour.  The end mark is a header that is never free, so the last block
 * needs no special case.
 *
 *     I1: blocks tile [begin, end): each ends where the next begins, is at
 *         least MIN_BLOCK_BYTES long, and is marked used or free.
 *     I2: previous_bytes is the length of the block before; 0 in the first.
 *     I3: no two free blocks touch.
 *     I4: the free list holds all free blocks and no others, by address.
 *     I5: the counters equal what a walk finds.
 *
 * Cost: two searches take time linear in the number of free blocks: the search
 * for a fit, and the search for a freed block's place in the list when neither
 * neighbour is free.  Everything else takes constant time.
 *
 * Weak points, on purpose: the headers are next to the payload.  A caller who
 * writes past the end of a block, or before its beginning, changes lengths and
 * links.  malloc_free() then refuses a block that contradicts its neighbours.
 * It cannot find a forged block that agrees with its neighbours, or a second
 * free of an address that was allocated again in between.
 */
#include "mm/malloc/malloc.h"

#include "lib/addr.h"
#include "lib/panic.h"
#include "mm/malloc/malloc_block.h"

struct malloc_heap malloc_heap;

/* -- Headers ------------------------------------------------------------- */

/* Changes the state of a block; its length stays. */
static void block_mark(struct block_header *block, enum block_tag tag)
{
    ASSERT(tag == TAG_FREE || tag == TAG_USED);
    block->bytes_and_state = (uint32_t)block_bytes(block) | tag;
}

/* Writes a block's length into both places that hold it: its own header and the
 * next one.  Sets its state, too. */
static void block_set_bytes(struct block_header *block, size_t bytes,
                            enum block_tag tag)
{
    ASSERT_EQ(bytes & BLOCK_STATE_BITS, 0);
    block->bytes_and_state = (uint32_t)bytes | tag;
    block_next(block)->previous_bytes = (uint32_t)bytes;
}

/* -- The free list ------------------------------------------------------- */

/* The free block that has this link; not for the head of the list. */
static struct block_header *block_of_link(struct list_link *link)
{
    ASSERT(link != &malloc_heap.free_list);
    return &LIST_ITEM(link, struct free_block, link)->header;
}

/* The link after which `block` belongs, by address. */
static struct list_link *free_list_place(const struct block_header *block)
{
    /* LAB 4 BEGIN: return NULL; */
    struct list_link *link = malloc_heap.free_list.next;

    while (link != &malloc_heap.free_list && block_of_link(link) < block)
        link = link->next;
    return link->previous;
    /* LAB 4 END */
}

/* Inserts a free block after `place`; searches for the place if it is NULL. */
static void free_list_insert(struct block_header *block,
                             struct list_link *place)
{
    list_insert_after(place ? place : free_list_place(block), link_of(block));
}

/* Removes a free block; returns the link after which it was. */
static struct list_link *free_list_remove(struct block_header *block)
{
    struct list_link *place = link_of(block)->previous;

    list_remove(link_of(block));
    return place;
}

/* -- Split and coalesce -------------------------------------------------- */

/* Cuts `block` after `bytes`:  | block ........ |  ->  | block | rest .. |
 * Returns the rest, which is marked free and not in the list yet.  NULL, and no
 * cut, if the rest would be too small for a block. */
static struct block_header *block_split(struct block_header *block,
                                        size_t bytes)
{
    /* LAB 4 BEGIN: return NULL; */
    size_t rest_bytes = block_bytes(block) - bytes;
    struct block_header *rest = block_at((uintptr_t)block + bytes);

    if (rest_bytes < MIN_BLOCK_BYTES)
        return NULL;
    block_set_bytes(rest, rest_bytes, TAG_FREE);
    block_set_bytes(block, bytes, block->bytes_and_state & BLOCK_STATE_BITS);
    return rest;
    /* LAB 4 END */
}

/* | block | next ... |  ->  | block ............ |
 * The caller has removed `next` from the list; `block` keeps its state. */
static void block_absorb_next(struct block_header *block)
{
    /* LAB 4 BEGIN */
    block_set_bytes(block, block_bytes(block) + block_bytes(block_next(block)),
                    block->bytes_and_state & BLOCK_STATE_BITS);
    /* LAB 4 END */
}

/* Merges a free block, which is not in the list yet, with its free neighbours,
 * and puts the result into the list:
 *
 *     used BLOCK used  ->  used BLOCK used     inserted at its place
 *     used BLOCK free  ->  used BLOCK....      takes the neighbour's place
 *     free BLOCK used  ->  free......          the neighbour is in already
 *     free BLOCK free  ->  free..........      and the other one leaves
 */
static void block_coalesce(struct block_header *block)
{
    /* LAB 4 BEGIN */
    struct block_header *next = block_next(block);
    struct block_header *previous = block_previous(block);
    struct list_link *place = NULL;

    if (block_is_free(next)) {
        place = free_list_remove(next);
        block_absorb_next(block);
    }
    if (previous && block_is_free(previous))
        block_absorb_next(previous);
    else
        free_list_insert(block, place);
    /* LAB 4 END */
}

/* -- Allocation ---------------------------------------------------------- */

enum stage_state malloc_init(uintptr_t begin, uintptr_t end)
{
    /* LAB 4 BEGIN: return STAGE_NOT_WRITTEN; */
    struct malloc_heap *heap = &malloc_heap;

    begin = align_up(begin, HEAP_ALIGNMENT);
    end = align_down(end, HEAP_ALIGNMENT);
    *heap = (struct malloc_heap){ .begin = begin, .end = begin };
    list_init(&heap->free_list);
    if (end < begin || end - begin < MIN_BLOCK_BYTES + HEADER_BYTES)
        return STAGE_OK;
    heap->end = end - HEADER_BYTES;
    block_at(heap->end)->bytes_and_state = HEADER_BYTES | TAG_USED;
    block_at(begin)->previous_bytes = 0;
    block_set_bytes(block_at(begin), heap->end - begin, TAG_FREE);
    free_list_insert(block_at(begin), NULL);
    return STAGE_OK;
    /* LAB 4 END */
}

/* The length of a block whose payload holds `bytes` bytes; `bytes` is at most
 * HEAP_REQUEST_MAX. */
static size_t block_bytes_for(size_t bytes)
{
    /* LAB 4 BEGIN: return 0; */
    size_t needed = align_up(bytes, HEAP_ALIGNMENT) + HEADER_BYTES;

    return needed < MIN_BLOCK_BYTES ? MIN_BLOCK_BYTES : needed;
    /* LAB 4 END */
}

/* How many bytes into a free block the header has to move, so that the payload
 * after it is aligned.  The padding before it must be 0 bytes or a whole block.
 */
static size_t padding_bytes(const struct block_header *block, size_t alignment)
{
    /* LAB 4 BEGIN: return 0; */
    size_t padding = -(uintptr_t)block_payload(block) & (alignment - 1);

    if (padding > 0 && padding < MIN_BLOCK_BYTES)
        padding += alignment;
    return padding;
    /* LAB 4 END */
}

/* The first free block that holds a block of `bytes` bytes after the padding,
 * or NULL. */
static struct block_header *find_fit(size_t bytes, size_t alignment)
{
    /* LAB 4 BEGIN: return NULL; */
    struct list_link *link = malloc_heap.free_list.next;

    for (; link != &malloc_heap.free_list; link = link->next) {
        struct block_header *block = block_of_link(link);
        size_t padding = padding_bytes(block, alignment);

        if (padding <= block_bytes(block) &&
            bytes <= block_bytes(block) - padding)
            return block;
    }
    return NULL;
    /* LAB 4 END */
}

/* Shortens `block` to `bytes`, if the rest is large enough for a block, and
 * puts the rest into the list after `place`. */
static void block_trim(struct block_header *block, size_t bytes,
                       struct list_link *place)
{
    /* LAB 4 BEGIN */
    struct block_header *rest = block_split(block, bytes);

    if (rest)
        free_list_insert(rest, place);
    /* LAB 4 END */
}

void *malloc_alloc(size_t bytes, size_t alignment)
{
    /* LAB 4 BEGIN: return NOT_WRITTEN; */
    struct block_header *block;
    struct list_link *place;
    size_t padding;

    if (bytes > malloc_heap.end - malloc_heap.begin)
        return NULL;
    bytes = block_bytes_for(bytes);
    block = find_fit(bytes, alignment);
    if (!block)
        return NULL;
    padding = padding_bytes(block, alignment);
    if (padding > 0) {
        /* The padding stays in the list, as a free block of its own. */
        place = link_of(block);
        block = block_split(block, padding);
    } else {
        place = free_list_remove(block);
    }
    block_trim(block, bytes, place);
    block_mark(block, TAG_USED);
    usage_add(&malloc_heap.usage, payload_bytes(block));
    return block_payload(block);
    /* LAB 4 END */
}

/* -- Free, resize, walk --------------------------------------------------- */

enum heap_error malloc_free(void *payload)
{
    /* LAB 4 BEGIN: return HEAP_NOT_WRITTEN; */
    struct block_header *block = block_of(payload);
    enum heap_error error = malloc_payload_error(payload);

    if (error != HEAP_OK)
        return error;
    usage_remove(&malloc_heap.usage, payload_bytes(block));
    block_mark(block, TAG_FREE);
    block_coalesce(block);
    return HEAP_OK;
    /* LAB 4 END */
}

bool malloc_resize(void *payload, size_t bytes)
{
    /* LAB 4 BEGIN: return false; */
    struct block_header *block = block_of(payload), *next;
    struct list_link *place = NULL;
    size_t old_bytes, available;

    if (bytes > malloc_heap.end - malloc_heap.begin ||
        malloc_payload_error(payload) != HEAP_OK)
        return false;
    bytes = block_bytes_for(bytes);
    next = block_next(block);
    old_bytes = block_bytes(block);
    available = old_bytes + (block_is_free(next) ? block_bytes(next) : 0);
    if (bytes > available)
        return false;
    if (block_is_free(next)) {
        place = free_list_remove(next);
        block_absorb_next(block);
    }
    block_trim(block, bytes, place);
    malloc_heap.usage.used_bytes += block_bytes(block) - old_bytes;
    usage_peak(&malloc_heap.usage);
    return true;
    /* LAB 4 END */
}

size_t malloc_size(const void *payload)
{
    if (malloc_payload_error(payload) != HEAP_OK)
        return 0;
    return payload_bytes(block_of(payload));
}

bool malloc_owns(const void *payload)
{
    uintptr_t address = (uintptr_t)payload;

    return address >= malloc_heap.begin && address < malloc_heap.end;
}

bool malloc_walk(block_visitor visit, void *context)
{
    const struct block_header *block = block_at(malloc_heap.begin);

    while ((uintptr_t)block < malloc_heap.end) {
        struct block seen = {
            .address = (uintptr_t)block_payload(block),
            .bytes = payload_bytes(block),
            .overhead = HEADER_BYTES,
            .state = block_is_free(block) ? BLOCK_FREE : BLOCK_USED,
            .owner = "malloc",
        };

        if (!is_block_length(block, block_bytes(block)) ||
            !visit(&seen, context))
            return false;
        block = block_next(block);
    }
    return true;
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
