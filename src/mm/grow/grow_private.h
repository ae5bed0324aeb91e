/* SPDX-License-Identifier: MIT */
/* The state of the growing heap; only the grow files use it. */
#ifndef MM_GROW_GROW_PRIVATE_H
#define MM_GROW_GROW_PRIVATE_H

#include "mm/armour/armour.h"
#include "mm/grow/grow.h"

/* The limits of the step by which the window's arena grows.  The step is
 * doubled each time, and halved when memory is given back. */
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
    uint32_t classes;   /* the size classes for `most` granules */

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
/* The frames that an arena with `pages` pages of granules takes. */
uint32_t grow_arena_frames(uint32_t pages);
/* The run that ends with the last granule; empty if there is none. */
struct run grow_arena_tail(void);
/* Makes the arena `length` granules long, which is more than now and whole
 * pages.  False, and nothing changed, if there are not enough frames. */
bool grow_arena_lengthen(granules_t length);
/* Makes it shorter: `length` granules, whole pages; the new end is inside the
 * tail. */
void grow_arena_shorten(granules_t length);

#endif
