/* SPDX-License-Identifier: MIT */
/* The last calls through the kmalloc layer, for whoever asks "who freed this?".
 *
 *     calls   | 61 | 62 | 63 | 64 | 65 | ... | 58 | 59 | 60 |
 *                              ^ next: the oldest is overwritten
 *
 * L1: call n stands in calls[n % HEAP_LOG_CALLS] until call n + HEAP_LOG_CALLS.
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
               "the place of a call is a mask away, also when `next` wraps");

enum heap_call_kind {
    HEAP_CALL_NONE,    /* this place has not been used yet */
    HEAP_CALL_START,   /* a new, empty heap: what came before is gone */
    HEAP_CALL_ALLOC,   /* kmalloc, kcalloc, kmalloc_aligned */
    HEAP_CALL_RESIZE,  /* krealloc */
    HEAP_CALL_FREE,    /* kfree */
    HEAP_CALL_REFUSED, /* kfree or krealloc of what is no block in use */
};

struct heap_call {
    enum heap_call_kind kind;
    uintptr_t payload; /* the answer; of a free what it was asked to free */
    uintptr_t was;     /* of a resize: where the block stood */
    size_t bytes;      /* asked for; 0 for a free */
    uintptr_t caller;  /* where the call returns to */
};

struct heap_log {
    bool on;
    bool under_way; /* the last call has not answered yet */
    uint32_t next;  /* calls logged so far */
    struct heap_call calls[HEAP_LOG_CALLS];
};

extern struct heap_log heap_log;

/* Writes a call down.  Only while the log is on. */
void heap_log_add(struct heap_call call);
/* The same for a call of an allocator that comes now, and how it ended: with
 * `payload`, or with a refusal.  In between a fault finds the heap in a state
 * that its check knows nothing of. */
void heap_log_begin(struct heap_call call);
void heap_log_end(uintptr_t payload);
void heap_log_refused(void);
/* The call that is under way; NULL if none is. */
const struct heap_call *heap_log_under_way(void);

/* The call `back` calls ago, 0 for the last one; NULL if there is none. */
const struct heap_call *heap_log_call(uint32_t back);
/* The last call that handed out or took back a block with `address` in it;
 * NULL if none is remembered. */
const struct heap_call *heap_log_find(uintptr_t address);

/* "kmalloc", "kfree" ... */
const char *heap_call_text(enum heap_call_kind kind);

#endif
