/* SPDX-License-Identifier: MIT */
/* Allocation traces: what a program once asked of its allocator, as text.
 *
 *     20000        suggested heap bytes   \  both or neither;
 *     2            ids: 0 and 1            | read and ignored
 *     4            operations             /
 *     1            weight
 *     a 0 512      id 0 = kmalloc(512)
 *     a 1 24       id 1 = kmalloc(24)
 *     r 0 600      id 0 = krealloc(id 0, 600)
 *     f 1          kfree(id 1)
 *
 * T1: two or four header lines, one number each; two are ids, operations.
 * T2: every id is below the number of ids; as many operations as stated.
 * T3: `a` only of an id that is not live, `f` only of one that is.  An id may
 *     be used again after its `f`.  `f -1` is kfree(NULL).
 * T4: `r` of an id that is not live is krealloc(NULL, bytes), as in C; 0 bytes
 *     is a size like any other, and leaves the id live.
 *
 * Lines end in LF or CRLF, the last one may lack it; blanks and blank lines at
 * the end do not matter.  All else is refused, with file, line and reason.
 * This file checks T1 and T2; survey.h checks T3, which needs a table of ids.
 *
 * The text is read in place, line by line; nothing is allocated.
 */
#ifndef REPLAY_TRACE_H
#define REPLAY_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A trace as the boot loader handed it over: not terminated by a 0. */
struct trace_file {
    const char *name;
    const char *text;
    size_t bytes;
};

enum trace_kind {
    TRACE_ALLOC,
    TRACE_RESIZE,
    TRACE_FREE,
    TRACE_FREE_NULL,
};

struct trace_op {
    enum trace_kind kind;
    uint32_t id;    /* not for TRACE_FREE_NULL */
    uint32_t bytes; /* not for the frees */
};

/* Room for a reason: file, line, and about a line of text. */
#define TRACE_REASON_BYTES 240u

/* A trace that is being read. */
struct trace {
    const struct trace_file *file;
    size_t offset;                   /* of the next line in the text */
    uint32_t line;                   /* the last line read, counted from 1 */
    uint32_t ids;                    /* as the header says */
    uint32_t operations;             /* as the header says */
    uint32_t done;                   /* operations read so far */
    char reason[TRACE_REASON_BYTES]; /* why it was refused */
};

enum trace_step {
    TRACE_OP,
    TRACE_END,
    TRACE_REFUSED
};

/* Starts at the top: reads the header.  False: refused. */
bool trace_open(struct trace *trace, const struct trace_file *file);
/* The next operation. */
enum trace_step trace_next(struct trace *trace, struct trace_op *op);
/* Writes "NAME:LINE: " and the reason; always returns false. */
bool trace_refuse(struct trace *trace, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The most ids that a text of `bytes` bytes can have. */
uint32_t trace_ids_bound(size_t bytes);

#endif
