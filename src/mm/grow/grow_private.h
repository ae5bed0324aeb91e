/* SPDX-License-Identifier: MIT */
/* What the grow files share. */
#ifndef MM_GROW_GROW_PRIVATE_H
#define MM_GROW_GROW_PRIVATE_H

#include "mm/armour/armour.h"
#include "mm/grow/grow.h"

/* How much the window's arena grows by at least: doubled each time, halved when
 * memory is given back. */
#define GROW_STEP_MIN (16u * 1024)
#define GROW_STEP_MAX (1024u * 1024)

#define GRANULES_PER_PAGE (PAGE_BYTES / GRANULE_SIZE)

/* The ranges of the window. */
enum {
    STARTS,
    USED,
    GRANULES
};

struct grow {
    struct arena arena; /* in the window; that of the static heap is armour's */
    uintptr_t base;     /* of its granule 0 */
    granules_t most;    /* that the window has addresses for */
    uint32_t classes;   /* of so many */

    granules_t limit;  /* <= most */
    bool unwritten;    /* window_move_end() is an exercise */
    uint32_t step;     /* bytes */
    size_t peak_bytes; /* of both arenas together, until the last change */
    uint32_t frames_peak;
    uint32_t grown, trimmed, refused; /* times */
};

extern struct grow grow;

/* Places the arena in the window, empty and with nothing mapped. */
void grow_arena_place(struct page_range window);
/* Frames that an arena of so many pages of granules takes. */
uint32_t grow_arena_frames(uint32_t pages);
/* The run that ends with the last granule; empty if there is none. */
struct run grow_arena_tail(void);
/* Up to `length`, whole pages, more than there are.  False, and nothing
 * changed, if there are not enough frames. */
bool grow_arena_lengthen(granules_t length);
/* Down to `length`, whole pages, which end inside the tail. */
void grow_arena_shorten(granules_t length);

#endif
