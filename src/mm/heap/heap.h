/* SPDX-License-Identifier: MIT */
/* The kmalloc layer: every allocation of the kernel goes through these calls.
 * They pass it on to the allocators of the current stage, the backends.
 *
 *     kmalloc ... kfree                     the caller sees only this
 *          |
 *     stage     small: bytes <= small_limit    large: all other requests
 *     heap                                     bump
 *     malloc                                   malloc
 *     zalloc    zalloc                         malloc
 *     spans     spans                          malloc
 *     armour                                   armour
 *     grow                                     grow
 *
 * The request alone decides which backend serves it, never what is free at the
 * moment.  A request with an alignment above 8 always counts as large.  A free
 * needs nothing but the address: each backend can say which addresses are its
 * own.
 */
#ifndef MM_HEAP_HEAP_H
#define MM_HEAP_HEAP_H

#include "lib/stage.h"
#include "lib/violation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_ALIGNMENT 8u
/* Half the address space.  The kmalloc layer refuses larger requests, so a
 * backend can add a header to any request and round it up without overflow. */
#define HEAP_REQUEST_MAX ((size_t)PTRDIFF_MAX)

/* Why kfree() refuses an address. */
enum heap_error {
    HEAP_OK,
    HEAP_NOT_WRITTEN,
    HEAP_FOREIGN,      /* outside the heap, or in no block of it */
    HEAP_MISALIGNED,   /* not a multiple of HEAP_ALIGNMENT */
    HEAP_INTERIOR,     /* inside a block, not at its start */
    HEAP_ALREADY_FREE, /* freed before, and not handed out since */
    HEAP_CORRUPT,      /* the bookkeeping around it contradicts itself */
    HEAP_LENT,         /* borrowed by the small backend, not a caller's */
};

/* An error in words, for messages. */
const char *heap_error_text(enum heap_error error);

/* One piece of the heap, as a walk reports it. */
enum block_state {
    BLOCK_FREE,
    BLOCK_USED,
    BLOCK_BOOKKEEPING, /* zone headers, maps: never handed out */
};

struct block {
    uintptr_t address; /* of the payload, or of the bookkeeping */
    size_t bytes;      /* payload that a caller may use */
    size_t overhead;   /* header bytes before the payload */
    enum block_state state;
    const char *owner; /* which allocator: "malloc", "zone 64" */
};

/* Called for each block in address order; false ends the walk. */
typedef bool (*block_visitor)(const struct block *block, void *context);

/* Counted by each backend as it goes; payload bytes that callers may use. */
struct heap_usage {
    size_t used_bytes;
    size_t peak_bytes;
    size_t used_blocks;
    /* Only of a backend with `calls` of its own, which the kmalloc layer does
     * not see: blocks handed out so far, and resizes by these calls. */
    uint32_t allocations, resizes;
};

/* Updates the peak after used_bytes has grown. */
static inline void usage_peak(struct heap_usage *usage)
{
    if (usage->used_bytes > usage->peak_bytes)
        usage->peak_bytes = usage->used_bytes;
}

/* Counts a new block with `bytes` of payload. */
static inline void usage_add(struct heap_usage *usage, size_t bytes)
{
    usage->used_bytes += bytes;
    usage->used_blocks++;
    usage_peak(usage);
}

/* Counts a block with `bytes` of payload that was freed. */
static inline void usage_remove(struct heap_usage *usage, size_t bytes)
{
    usage->used_bytes -= bytes;
    usage->used_blocks--;
}

/* kmalloc, kfree and krealloc as they are at the moment. */
struct heap_calls {
    void *(*alloc)(size_t bytes);
    enum heap_error (*free)(void *payload);
    void *(*resize)(void *payload, size_t bytes);
};

/* An allocator as the kmalloc layer sees it; each heap stage has one.  Members
 * may be NULL where it says so, and from `walk` on. */
struct heap_backend {
    const char *name;
    /* `bytes` in 1 .. HEAP_REQUEST_MAX, at `alignment` (a power of two >=
     * HEAP_ALIGNMENT).  NULL, and nothing changed, when it does not fit. */
    void *(*alloc)(size_t bytes, size_t alignment);
    /* As alloc at HEAP_ALIGNMENT, for a block that krealloc moves because it
     * could not grow where it was.  NULL: alloc does this, too. */
    void *(*alloc_growing)(size_t bytes);
    /* For a backend with quick calls: the rest of alloc, after a quick call has
     * found nothing; else NULL. */
    void *(*alloc_missed)(size_t bytes, size_t alignment);
    /* Of a small backend: gives memory that it borrowed and does not use back
     * to the large one.  Returns whether there was any.  May be NULL. */
    bool (*reclaim)(void);
    /* On any error nothing changes. */
    enum heap_error (*free)(void *payload);
    /* Makes a used block hold `bytes` without moving it.  False, and nothing
     * changed, when that is impossible or `payload` is not a used block.  It is
     * always possible to make a block smaller. */
    bool (*resize)(void *payload, size_t bytes);
    /* Bytes the caller may use; 0 if `payload` is not a used block. */
    size_t (*size)(const void *payload);
    /* Whether `payload` is in memory that this backend hands out. */
    bool (*owns)(const void *payload);
    bool (*walk)(block_visitor visit, void *context);
    struct violation (*check)(void);
    const struct heap_usage *usage;
    /* Instead of `usage`, for a backend that counts in several places. */
    struct heap_usage (*total)(void);
    /* Quick tries for kmalloc, kfree and krealloc, in use while no other
     * backend serves: see heap_quick.h. */
    const struct heap_calls *calls;
};

/* The usage of a backend; zeros if it does not count. */
struct heap_usage backend_usage(const struct heap_backend *backend);

/* From stage heap on: `backend` serves all requests, from an empty heap in
 * [begin, end).  Counters start at 0. */
void heap_start(uintptr_t begin, uintptr_t end,
                const struct heap_backend *backend);
/* From stage zalloc on: `backend` serves requests of at most `limit` bytes.  To
 * be called after heap_start(). */
void heap_add_small(const struct heap_backend *backend, size_t limit);
/* Turns the log of calls (heap_log.h) on or off; returns whether it was on. */
bool heap_log_use(bool on);

/* At least `bytes` bytes, aligned to HEAP_ALIGNMENT; the contents are
 * arbitrary.  NULL when out of memory, and only then: the backend that serves
 * the request has no free run that is long enough, also after the small backend
 * has given back all that it kept.  kmalloc(0) returns an ordinary block, with
 * an address of its own, which the caller has to free. */
void *kmalloc(size_t bytes);
/* As kmalloc(count * bytes), all zero; NULL also if the product overflows. */
void *kcalloc(size_t count, size_t bytes);
/* As kmalloc(), at a multiple of `alignment`; NULL if that is not a power of
 * two. */
void *kmalloc_aligned(size_t bytes, size_t alignment);
/* Makes the block at `payload` hold `bytes` bytes, and returns where it is now:
 * it may have moved.  Keeps the contents up to the smaller size.  NULL when out
 * of memory; the old block is unchanged then.  krealloc(NULL, n) is kmalloc(n);
 * krealloc(p, 0) is a resize like any other and frees nothing. */
void *krealloc(void *payload, size_t bytes);
/* Frees a block; NULL is ignored.  Refuses an address that is not a live block:
 * it prints a line with the address, the caller and the reason, changes nothing
 * in the heap, and returns the error. */
enum heap_error kfree(void *payload);
/* Bytes that may be used at `payload`; 0 if it is not a live block. */
size_t kmalloc_size(const void *payload);

struct heap_stats {
    uintptr_t begin, end;
    const char *large, *small; /* names of the backends; small may be NULL */
    size_t small_limit;
    struct heap_usage usage; /* of both backends, as callers see it */
    uint32_t allocations, frees, resizes;
    uint32_t failures;  /* requests answered with NULL */
    uint32_t bad_frees; /* frees refused */
};

/* Figures at this moment. */
struct heap_stats heap_stats(void);
/* Whether a backend has answered "not written" since heap_start(). */
bool heap_not_written(void);

/* Memory for the small backend, out of the large one.  No caller holds it, so
 * heap_stats() leaves it out; a walk shows it as blocks of the large backend.
 * `alignment` is a power of two.  NULL when out of memory. */
void *heap_lend(size_t bytes, size_t alignment);
/* The same; kfree() and krealloc() refuse this block by name.  One at a time,
 * until heap_start(). */
void *heap_lend_map(size_t bytes);
/* Gives back what heap_lend() returned. */
void heap_take_back(void *payload);

/* Visits every block of every backend, in address order within each backend.
 * Only the small backend reports the pages that it has borrowed.  False if the
 * visitor, or a damaged heap, ended the walk early. */
bool heap_walk(block_visitor visit, void *context);
/* The first violation that a backend's check finds. */
struct violation heap_check(void);

#endif
