/* SPDX-License-Identifier: MIT */
/* Physical memory, handed out in frames of 4 KiB. */
#ifndef MM_FRAMES_FRAMES_H
#define MM_FRAMES_FRAMES_H

#include "lib/addr.h"
#include "lib/region.h"
#include "lib/stage.h"
#include "lib/violation.h"

#include <stdbool.h>
#include <stdint.h>

/* Frame 0 is never handed out, so it can mean "none". */
#define FRAME_NONE        ((frame_t){ 0 })
#define FRAME_NOT_WRITTEN ((frame_t){ UINT32_MAX })

enum frame_error {
    FRAME_OK,
    FRAME_NOT_WRITTEN_YET,
    FRAME_ALREADY_FREE, /* handed out once, and given back since */
    FRAME_NEVER_OURS,   /* frame 0, or memory that was never available */
    FRAME_OUT_OF_RANGE, /* beyond the last frame the bitmap knows */
};

/* Every frame below the end of memory is exactly one of the three. */
struct frame_counts {
    uint32_t total; /* all frames the bitmap has a bit for */
    uint32_t free;
    uint32_t used;     /* handed out by frame_alloc */
    uint32_t reserved; /* in use before we came, or not memory at all */
};

enum frame_state {
    FRAME_IS_FREE,
    FRAME_IS_USED,
    FRAME_IS_RESERVED
};

/* Takes over the available memory of `layout` that is not in use and lies
 * below its reach; places the bitmap in it.  Panics if there is no room for
 * the bitmap.  frames_check() reads `layout` again, so it has to stay. */
enum stage_state frames_init(const struct memory_layout *layout);

/* One frame, or FRAME_NONE when none is free.  Contents are arbitrary. */
frame_t frame_alloc(void);
/* `count` frames in a row, the first a multiple of `align` (a power of two);
 * FRAME_NONE, and nothing changed, when no such run is free. */
frame_t frame_alloc_run(uint32_t count, uint32_t align);
/* Gives one frame back.  On any error nothing changes. */
enum frame_error frame_free(frame_t frame);
/* Gives back `count` frames; all of them or, on any error, none. */
enum frame_error frame_free_run(frame_t first, uint32_t count);

enum frame_state frame_state(frame_t frame);
struct frame_counts frame_counts(void);
const char *frame_error_text(enum frame_error error);

/* The first invariant of frames.c that does not hold. */
struct violation frames_check(void);

#endif
