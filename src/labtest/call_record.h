/* SPDX-License-Identifier: MIT */
/* The tape: what a test did and what it got, for a reader outside.
 *
 *     memory  ...| record 0 | record 1 | record 2 | 0 0 0 0 0 | ...
 *                      ^----- seal ------^ each seal covers the one before
 *
 * The kernel only writes it.  Whoever grades reads it out of the machine's
 * memory, plays it against a model of his own and believes nothing else: no
 * text on the console, no exit code.
 *
 *     T1: it lies outside all that any allocator is given, at a place that
 *         differs from boot to boot.
 *     T2: records are written in the order of what happened, each before the
 *         next thing happens; none is ever changed.
 *     T3: a seal depends on its record, on all before it and on the key of
 *         this boot.  A record that something else wrote breaks the chain.
 *
 * Played back, the same tape answers the test's calls in a second machine, in
 * which no function under test runs: run_kernel.h.
 *
 * Without a tape (no key was given, or there was no room) nothing is written.
 */
#ifndef LABTEST_CALL_RECORD_H
#define LABTEST_CALL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAPE_BYTES     (16u << 20)
#define TAPE_ARGUMENTS 3u

struct tape_record {
    uint16_t kind;
    uint16_t line; /* of the test's source, where it has one */
    uint32_t arguments[TAPE_ARGUMENTS];
    uint32_t result;
    uint32_t instructions; /* that the call took; 0 where they are unknown */
    uint32_t order;        /* 0, 1, 2 ... */
    uint32_t seal;
};

_Static_assert(sizeof(struct tape_record) == 32,
               "scripts/mallow/grade/call_record.py reads records of 32 bytes");

/* Starts on an empty tape in [begin, begin + bytes). */
void tape_init(void *begin, size_t bytes, uint32_t key);
/* Appends a record; its `order` and `seal` are filled in here.  False when
 * the tape is full: the last record says so then, and no other follows. */
bool tape_append(struct tape_record record);
/* Opens the tape that lies in [begin, begin + bytes), to be read. */
void tape_open(const void *begin, size_t bytes, uint32_t key);
/* The next record; false if there is none, or if its seal does not fit. */
bool tape_take(struct tape_record *record);
/* Appends `text` as records of `kind`, 12 characters each, the last one
 * filled up with 0. */
void tape_append_text(uint16_t kind, uint16_t line, const char *text);

#endif
