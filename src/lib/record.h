/* SPDX-License-Identifier: MIT */
/* A fact for machines, as one line:
 *
 *     trace name=my%20trace.rep verdict=ok operations=35462
 *     kind  fields
 */
#ifndef LIB_RECORD_H
#define LIB_RECORD_H

#include <stddef.h>
#include <stdint.h>

#define RECORD_BYTES 1536u

struct record {
    char text[RECORD_BYTES]; /* ends in a 0 at any time */
    size_t bytes;
};

/* In a text, blanks, '=', '%' and all that is not printable are written as %
 * and two hexadecimal digits.  A number or a
 * character that does not fit is left out. */
void record_begin(struct record *record, const char *kind);
void record_number(struct record *record, const char *key, uint64_t value);
void record_text(struct record *record, const char *key, const char *value);

#endif
