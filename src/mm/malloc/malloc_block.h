/* SPDX-License-Identifier: MIT */
/* How malloc lays out memory; for the malloc_*.c files only.
 *
 *        +--------------------------+
 *        | bytes            | state |   the block's length, header included
 *        | previous_bytes           |   the length of the block before it
 *        +--------------------------+
 *        | payload                  |   <-- what the caller gets
 *        |   in a free block: links |
 *        |   of the free list       |
 *        +--------------------------+
 *
 * A length is a multiple of 8, so its lowest three bits are free to hold the
 * state.  Two of the eight values are legal, and they differ in every bit; a
 * longer magic number would need a longer header.  The neighbours prove a
 * header: the next block must have this block's length as its previous_bytes,
 * and this block must have the length of the block before.
 */
#ifndef MM_MALLOC_MALLOC_BLOCK_H
#define MM_MALLOC_MALLOC_BLOCK_H

#include "lib/list.h"
#include "mm/heap/heap.h"

#define BLOCK_STATE_BITS 7u

enum block_tag {
    TAG_FREE = 2, /* 010 */
    TAG_USED = 5  /* 101 */
};

struct block_header {
    uint32_t bytes_and_state;
    uint32_t previous_bytes; /* 0 in the first block */
};

/* A free block: its payload holds its place in the free list. */
struct free_block {
    struct block_header header;
    struct list_link link;
};

#define HEADER_BYTES    sizeof(struct block_header)
#define MIN_BLOCK_BYTES sizeof(struct free_block)

_Static_assert(HEADER_BYTES == HEAP_ALIGNMENT,
               "payloads are aligned because headers are");
_Static_assert(MIN_BLOCK_BYTES % HEAP_ALIGNMENT == 0,
               "all lengths are multiples of the alignment");

struct malloc_heap {
    uintptr_t begin;
    uintptr_t end;              /* where the end mark is; it ends the heap */
    struct list_link free_list; /* in address order */
    struct heap_usage usage;
};

extern struct malloc_heap malloc_heap;

/* The length of a block, header included. */
static inline size_t block_bytes(const struct block_header *block)
{
    return block->bytes_and_state & ~BLOCK_STATE_BITS;
}

/* Whether the header has the tag of a free block. */
static inline bool block_is_free(const struct block_header *block)
{
    return (block->bytes_and_state & BLOCK_STATE_BITS) == TAG_FREE;
}

/* Whether the header has the tag of a used block. */
static inline bool block_is_used(const struct block_header *block)
{
    return (block->bytes_and_state & BLOCK_STATE_BITS) == TAG_USED;
}

/* The header at an address. */
static inline struct block_header *block_at(uintptr_t address)
{
    return (struct block_header *)address;
}

/* The block after this one, or the end mark. */
static inline struct block_header *block_next(const struct block_header *block)
{
    return block_at((uintptr_t)block + block_bytes(block));
}

/* NULL for the first block. */
static inline struct block_header *
block_previous(const struct block_header *block)
{
    if (block->previous_bytes == 0)
        return NULL;
    return block_at((uintptr_t)block - block->previous_bytes);
}

/* The header of a payload; the caller need not have checked the address. */
static inline struct block_header *block_of(const void *payload)
{
    return block_at((uintptr_t)payload - HEADER_BYTES);
}

/* The payload after a header. */
static inline void *block_payload(const struct block_header *block)
{
    return (void *)((uintptr_t)block + HEADER_BYTES);
}

/* Bytes that a caller may use in this block. */
static inline size_t payload_bytes(const struct block_header *block)
{
    return block_bytes(block) - HEADER_BYTES;
}

/* The link of a free block; in a used block these bytes are payload. */
static inline struct list_link *link_of(struct block_header *block)
{
    return &((struct free_block *)block)->link;
}

/* Whether `bytes` is a possible length of `block`: large enough, and not beyond
 * the end of the heap. */
static inline bool is_block_length(const struct block_header *block,
                                   size_t bytes)
{
    return bytes >= MIN_BLOCK_BYTES &&
           bytes <= malloc_heap.end - (uintptr_t)block;
}

/* HEAP_OK if a block in use begins at `payload` and its neighbours can be
 * merged with it; else the reason why malloc refuses to free or resize it. */
enum heap_error malloc_payload_error(const void *payload);

#endif
