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
    FRAME_ALREADY_FREE, /* free now: freed before, or never allocated */
    FRAME_NEVER_OURS,   /* frame 0, or memory that was never available */
    FRAME_OUT_OF_RANGE, /* beyond the last frame that has bits */
};

/* Every frame below the end of memory is free, used or reserved. */
struct frame_counts {
    uint32_t total; /* all frames that have bits */
    uint32_t free;
    uint32_t used;     /* handed out by frame_alloc */
    uint32_t reserved; /* in use before frames_init(), or not memory */
};

enum frame_state {
    FRAME_IS_FREE,
    FRAME_IS_USED,
    FRAME_IS_RESERVED
};

/* Starts with all memory of `layout` free that is available, not in use and
 * below its reach, except a part that holds the bitmaps.  Panics if there is no
 * room for them.  The caller keeps `layout`: frames_check() reads it again. */
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

/* FRAME_IS_RESERVED also for a frame beyond the last one. */
enum frame_state frame_state(frame_t frame);
/* The counters at this moment. */
struct frame_counts frame_counts(void);
/* An error in words, for messages. */
const char *frame_error_text(enum frame_error error);

/* The first invariant of frames.c that does not hold. */
struct violation frames_check(void);

#endif
