/* SPDX-License-Identifier: MIT */
/* The first reading of a trace, before any allocation.  It finds out whether
 * the trace is valid to its last line, and how much memory it holds at its
 * peak.
 */
#ifndef REPLAY_SURVEY_H
#define REPLAY_SURVEY_H

#include "replay/trace.h"

/* The state of one id.  The caller provides the table. */
struct id_entry {
    uintptr_t address; /* of its payload, or one of the two below */
    uint32_t bytes;    /* as the trace asked for */
    uint32_t seed;     /* of the pattern in its payload */
};

/* No payload can be at these: both are in the unmapped first page. */
#define ID_NOT_LIVE 0u /* the trace holds nothing under this id */
#define ID_NO_BLOCK 1u /* the trace holds it, but there was no memory */

struct id_table {
    struct id_entry *entries;
    uint32_t room;
};

struct survey {
    uint32_t operations;
    uint64_t peak_bytes;    /* most bytes live at once, as asked for */
    uint64_t peak_granules; /* the same, each block in whole granules */
    uint32_t largest_bytes; /* of any one block */
};

/* Smallest piece of memory that a block can occupy, by its alignment. */
#define GRANULE_BYTES 8u

/* A block of 0 bytes occupies one, because its address is its own. */
static inline uint32_t granules_of(uint32_t bytes)
{
    return bytes == 0 ? 1
                      : bytes / GRANULE_BYTES + (bytes % GRANULE_BYTES != 0);
}

/* Makes every id below `count` not live; count <= room. */
void ids_clear(struct id_table *ids, uint32_t count);

/* Reads the whole file.  False: refused, and trace->reason says why. */
bool survey_trace(struct trace *trace, const struct trace_file *file,
                  struct id_table *ids, struct survey *survey);

#endif
