/* SPDX-License-Identifier: MIT */
/* The call record: the calls of a test and their answers, for a reader outside.
 *
 *     memory  ...| record 0 | record 1 | record 2 | 0 0 0 0 0 | ...
 *                      ^----- code ------^ each code covers the one before
 *
 * The kernel only writes it.  The grader reads it from the machine's memory and
 * trusts nothing else: no text on the console, no exit code.
 *
 *     T1: it is outside all that any allocator is given, at a place that
 *         differs from boot to boot.
 *     T2: records are written in the order of what happened, each before the
 *         next thing happens; none is ever changed.
 *     T3: a code depends on its record, on all before it and on the key of
 *         this boot.  A record that something else wrote breaks the chain.
 *
 * Later a second machine plays the record back: the record answers the test's
 * calls there, and no function under test runs (run_kernel.h).
 *
 * Nothing is written if there is no key, or no room for the record.
 */
#ifndef LABTEST_CALL_RECORD_H
#define LABTEST_CALL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CALL_RECORD_BYTES     (16u << 20)
#define CALL_RECORD_ARGUMENTS 3u

struct call_record_entry {
    uint16_t kind;
    uint16_t line; /* of the test's source, where it has one */
    uint32_t arguments[CALL_RECORD_ARGUMENTS];
    uint32_t result;
    uint32_t instructions; /* that the call took; 0 where they are unknown */
    uint32_t order;        /* 0, 1, 2 ... */
    uint32_t code;
};

_Static_assert(sizeof(struct call_record_entry) == 32,
               "scripts/mallow/grade/call_record.py reads records of 32 bytes");

/* Starts on an empty call record in [begin, begin + bytes). */
void call_record_init(void *begin, size_t bytes, uint32_t key);
/* Appends an entry and fills in its `order` and `code`.  False when the call
 * record is full; then the last entry says so, and no other entry follows. */
bool call_record_append(struct call_record_entry record);
/* Opens the call record that is in [begin, begin + bytes), to be read. */
void call_record_open(const void *begin, size_t bytes, uint32_t key);
/* The next record; false if there is none, or if its authentication code is
 * wrong. */
bool call_record_take(struct call_record_entry *record);
/* Appends `text` as records of `kind`, 12 characters each, the last one
 * filled up with 0. */
void call_record_append_text(uint16_t kind, uint16_t line, const char *text);

#endif
