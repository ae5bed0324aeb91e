/* SPDX-License-Identifier: MIT */
/* A heap that grows beyond its 2 MiB: the static heap in armour, and a second
 * arena in the heap window for the blocks that do not fit. */
#ifndef MM_GROW_GROW_H
#define MM_GROW_GROW_H

#include "mm/heap/heap.h"
#include "mm/paging/paging.h"

/* The longest window from `begin` to at most `most_end` that `frames` frames,
 * payload and bookkeeping together, can ever fill; in steps of 4 MiB, at least
 * one. */
struct page_range grow_window_for(uintptr_t begin, uintptr_t most_end,
                                  uint32_t frames);

/* Starts with all of the static heap [begin, end) free and nothing mapped in
 * the window, whose ends are multiples of 4 MiB.  The first time it makes the
 * window's page tables; if there are not enough frames for them, a line says
 * so and the answer is STAGE_BROKEN.  May be called again at any time, with the
 * same window; what was allocated before is forgotten. */
enum stage_state grow_init(uintptr_t begin, uintptr_t end,
                           struct page_range window);

/* From now on the window holds at most `bytes` bytes of frames, bookkeeping
 * counted; 0 stops growth.  After grow_init() the window's own size is the only
 * limit. */
void grow_limit(size_t bytes);
/* Gives back all frames after the last block in use. */
void grow_trim(void);

struct grow_figures {
    struct page_range window; /* where payload of the window may ever be */
    uintptr_t end;            /* of the heap in it, at the moment */
    size_t held_bytes;        /* frames in the window, bookkeeping included */
    size_t held_peak_bytes;
    uint32_t grown, trimmed; /* times */
    uint32_t refused;        /* times that there were not enough frames */
};

struct grow_figures grow_figures(void);

/* See struct heap_backend for what these promise. */
void *grow_alloc(size_t bytes, size_t alignment);
void *grow_alloc_growing(size_t bytes);
enum heap_error grow_free(void *payload);
bool grow_resize(void *payload, size_t bytes);
size_t grow_size(const void *payload);
struct heap_usage grow_usage(void);
bool grow_owns(const void *payload);
bool grow_walk(block_visitor visit, void *context);

/* The first invariant of the static heap, the window or both that does not
 * hold. */
struct violation grow_check(void);

extern const struct heap_backend grow_backend;

#endif
