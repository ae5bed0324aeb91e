/* SPDX-License-Identifier: MIT */
/* What grow.c keeps, shared with its checker and with nobody else. */
#ifndef MM_GROW_GROW_PRIVATE_H
#define MM_GROW_GROW_PRIVATE_H

#include "mm/armour/armour_arena.h"
#include "mm/grow/grow.h"

/* How much the arena grows by at least: doubled each time, halved when memory
 * is given back. */
#define GROW_STEP_MIN (16u * 1024)
#define GROW_STEP_MAX (1024u * 1024)

struct grow {
    struct arena arena; /* in the window; that of the static heap is armour's */
    /* Its layout for the most granules that the window has room for. */
    uintptr_t base; /* of granule 0 */
    uint32_t most;
    uint32_t classes;
    uint32_t words_below; /* of each map, below that of granule 0 */

    uint32_t limit; /* granules; <= most */
    bool unwritten; /* window_move_end() is a hole */
    uint32_t step;  /* bytes */
    uint32_t frames_peak;
    uint32_t grown, trimmed, refused; /* times */
};

extern struct grow grow;

#endif
