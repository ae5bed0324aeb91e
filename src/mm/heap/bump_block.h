/* SPDX-License-Identifier: MIT */
/* How the bump allocator lays out memory; for bump.c and its checker only. */
#ifndef MM_HEAP_BUMP_BLOCK_H
#define MM_HEAP_BUMP_BLOCK_H

#include "mm/heap/heap.h"

/* Words that payload is unlikely to hold; readable in a memory dump. */
enum bump_state {
    BUMP_USED = 0x44455355, /* "USED" */
    BUMP_FREED = 0x45455246 /* "FREE" */
};

/* Directly before each payload. */
struct bump_header {
    uint32_t bytes; /* of the payload, a multiple of HEAP_ALIGNMENT */
    uint32_t state; /* enum bump_state */
};

_Static_assert(sizeof(struct bump_header) % HEAP_ALIGNMENT == 0,
               "a payload is aligned because the header before it is");

struct bump_heap {
    uintptr_t begin;
    uintptr_t top; /* where the next header will be */
    uintptr_t end;
    struct heap_usage usage;
};

extern struct bump_heap bump_heap;

#endif
