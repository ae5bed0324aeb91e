/* SPDX-License-Identifier: MIT */
/* The kmalloc layer: every allocation of the kernel goes through these calls,
 * whatever allocator stands behind them at the stage in force.
 *
 *     kmalloc ... kfree                     the caller sees only this
 *          |
 *     small: bytes <= small_limit --> zalloc (from stage zalloc on)
 *     large: all others           --> bump, then malloc
 *
 * Which backend serves a request depends on the request alone, never on what
 * is free at the moment; one with an alignment of its own counts as large.
 * Who owns a payload is found from its address alone: each backend answers
 * for the addresses it hands out.
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

/* What is wrong with an address that someone wants to free. */
enum heap_error {
    HEAP_OK,
    HEAP_NOT_WRITTEN,
    HEAP_FOREIGN,      /* outside the heap, or in no block of it */
    HEAP_MISALIGNED,   /* not a multiple of HEAP_ALIGNMENT */
    HEAP_INTERIOR,     /* inside a block, not at its start */
    HEAP_ALREADY_FREE, /* freed before, and not handed out since */
    HEAP_CORRUPT,      /* the bookkeeping around it contradicts itself */
};

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
    size_t overhead;   /* header bytes in front of the payload */
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
};

static inline void usage_peak(struct heap_usage *usage)
{
    if (usage->used_bytes > usage->peak_bytes)
        usage->peak_bytes = usage->used_bytes;
}

static inline void usage_add(struct heap_usage *usage, size_t bytes)
{
    usage->used_bytes += bytes;
    usage->used_blocks++;
    usage_peak(usage);
}

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

/* An allocator as the kmalloc layer sees it; each heap stage has one.  The last
 * four members may be NULL. */
struct heap_backend {
    const char *name;
    /* `bytes` in 1 .. HEAP_REQUEST_MAX, at `alignment` (a power of two >=
     * HEAP_ALIGNMENT).  NULL, and nothing changed, when it does not fit. */
    void *(*alloc)(size_t bytes, size_t alignment);
    /* On any error nothing changes. */
    enum heap_error (*free)(void *payload);
    /* Makes a used block hold `bytes` without moving it; false, and nothing
     * changed, when it cannot, or `payload` is no used block.  Making one
     * smaller always can. */
    bool (*resize)(void *payload, size_t bytes);
    /* Bytes the caller may use; 0 if `payload` is no used block. */
    size_t (*size)(const void *payload);
    /* Whether `payload` lies in memory that this backend hands out. */
    bool (*owns)(const void *payload);
    bool (*walk)(block_visitor visit, void *context);
    struct violation (*check)(void);
    const struct heap_usage *usage;
    /* Calls of the backend's own, which replace the kmalloc layer's while no
     * other backend serves.  They must check and count all that the kmalloc
     * layer checks and counts: see heap_private.h. */
    const struct heap_calls *calls;
};

/* Stage heap and on: `backend` serves everything, from an empty heap.
 * Counters start at 0. */
void heap_start(uintptr_t begin, uintptr_t end,
                const struct heap_backend *backend);
/* Stage zalloc and on: `backend` serves requests of at most `limit` bytes. */
void heap_add_small(const struct heap_backend *backend, size_t limit);
/* Logs the calls from now on (heap_log.h), or no more; returns whether it did
 * before. */
bool heap_log_use(bool on);

/* At least `bytes` bytes, aligned to HEAP_ALIGNMENT, contents arbitrary; NULL
 * when out of memory, and only then: kmalloc(0) is a block like any other,
 * with a pointer of its own, to be freed. */
void *kmalloc(size_t bytes);
/* As kmalloc(count * bytes), all zero; NULL also if the product overflows. */
void *kcalloc(size_t count, size_t bytes);
/* `alignment` is a power of two, else NULL. */
void *kmalloc_aligned(size_t bytes, size_t alignment);
/* Makes `payload` hold `bytes` bytes, moving it if need be; keeps the contents
 * up to the smaller size.  NULL when out of memory: `payload` is then as it
 * was.  krealloc(NULL, n) is kmalloc(n); krealloc(p, 0) is a resize like any
 * other and frees nothing. */
void *krealloc(void *payload, size_t bytes);
/* NULL is ignored.  A pointer that no allocation returned is refused: one
 * line on the console names it, the caller and what is wrong, the heap stays
 * as it is, and the error is returned for those who want it. */
enum heap_error kfree(void *payload);
/* Bytes that may be used at `payload`; 0 if it is no live block. */
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

struct heap_stats heap_stats(void);
/* Whether a backend has answered "not written" since heap_start(). */
bool heap_not_written(void);

/* For the small backend, which lives in memory of the large one: bytes that
 * are taken from the heap, but not by a caller.  heap_stats() leaves them out;
 * a walk shows them as blocks of the large backend. */
void *heap_lend(size_t bytes, size_t alignment);
void heap_take_back(void *payload);

/* Every block of every backend, in address order within each backend.  Pages
 * that the small backend has borrowed are reported by it alone. */
bool heap_walk(block_visitor visit, void *context);
/* The first violation of any backend in force. */
struct violation heap_check(void);

#endif
