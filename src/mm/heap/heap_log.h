/* SPDX-License-Identifier: MIT */
/* A log of the last calls of the kmalloc layer.  It answers "who freed this?".
 *
 *     calls   | 61 | 62 | 63 | 64 | 65 | ... | 58 | 59 | 60 |
 *                              ^ next: the oldest is overwritten
 *
 * L1: call n is in calls[n % HEAP_LOG_CALLS] until call n + HEAP_LOG_CALLS.
 *
 * While the log is off, kmalloc() and the others call functions that bypass it,
 * so that logging does not change what a measurement counts.
 */
#ifndef MM_HEAP_HEAP_LOG_H
#define MM_HEAP_HEAP_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_LOG_CALLS 64u

_Static_assert((HEAP_LOG_CALLS & (HEAP_LOG_CALLS - 1)) == 0,
               "n % HEAP_LOG_CALLS stays correct when `next` wraps");

enum heap_call_kind {
    HEAP_CALL_NONE,    /* this place has not been used yet */
    HEAP_CALL_START,   /* a new, empty heap; all older blocks are gone */
    HEAP_CALL_ALLOC,   /* kmalloc, kcalloc, kmalloc_aligned */
    HEAP_CALL_RESIZE,  /* krealloc */
    HEAP_CALL_FREE,    /* kfree */
    HEAP_CALL_REFUSED, /* kfree or krealloc of an address not in use */
};

struct heap_call {
    enum heap_call_kind kind;
    uintptr_t payload; /* the address returned; for a free: its argument */
    uintptr_t was;     /* for a resize: its argument */
    size_t bytes;      /* requested; 0 for a free */
    uintptr_t caller;  /* where the call returns to */
};

struct heap_log {
    bool on;
    bool under_way; /* the last call has not answered yet */
    uint32_t next;  /* calls logged so far */
    struct heap_call calls[HEAP_LOG_CALLS];
};

extern struct heap_log heap_log;

/* Adds a call; the log must be on. */
void heap_log_add(struct heap_call call);
/* Adds a call that now begins in an allocator.  Until heap_log_end() a fault
 * finds the heap in the middle of a change, where its check means nothing. */
void heap_log_begin(struct heap_call call);
/* The call that has begun returns `payload`. */
void heap_log_end(uintptr_t payload);
/* Marks the last call as refused, if the log is on. */
void heap_log_refused(void);
/* The call that has begun and not ended; NULL if there is none. */
const struct heap_call *heap_log_under_way(void);

/* The call `back` calls ago, 0 for the last one; NULL if there is none. */
const struct heap_call *heap_log_call(uint32_t back);
/* The last call that allocated or freed a block with `address` in it; NULL if
 * the log has none. */
const struct heap_call *heap_log_find(uintptr_t address);
/* The last call that handed out a block with `address` in it; NULL if none is
 * remembered. */
const struct heap_call *heap_log_allocation(uintptr_t address);

/* The name of a call for messages: "kmalloc", "kfree" ... */
const char *heap_call_text(enum heap_call_kind kind);

#endif
