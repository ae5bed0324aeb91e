/* SPDX-License-Identifier: MIT */
/* The state of frames.c; only frames.c and its checker use it.
 *
 * Each frame has two bits, in two bitmaps:
 *
 *     busy  reserved
 *       0       0      free
 *       1       0      used: handed out by frame_alloc()
 *       1       1      reserved: never to be handed out
 *       0       1      impossible
 *
 * One bit would be enough to hand frames out.  The second bit distinguishes a
 * used frame from a reserved one, so that no caller can free the kernel image.
 * Together they cost 2 bits for each 4096 bytes: 48 KiB for 768 MiB.
 */
#ifndef MM_FRAMES_FRAMES_PRIVATE_H
#define MM_FRAMES_FRAMES_PRIVATE_H

#include "lib/bitmap.h"
#include "lib/region.h"
#include "mm/frames/frames.h"

/* Neighbouring frames, half open. */
struct frame_range {
    uint32_t first, end;
};

struct frames {
    struct bitmap busy;
    struct bitmap reserved;
    struct frame_counts counts;
    uint32_t lowest_free;     /* no frame below this one is free */
    struct frame_range place; /* of the bitmaps themselves */
    const struct memory_layout *layout;
};

extern struct frames frames;

#endif
