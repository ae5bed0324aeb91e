/* SPDX-License-Identifier: MIT */
/* The heap as a live map on a text screen, while a trace runs through it.
 *
 *     malloc  short.rep   op 128 of 400   live 3120   peak 4096
 *     +-----------------------------------------------------------------+
 *     | the heap, row by row: a cell is heap bytes / cells              |
 *     |   ' '  never touched        '.'  touched, all free now          |
 *     |   light, medium, dark shade, full block: by how much is live    |
 *     +-----------------------------------------------------------------+
 *     legend                                       0x... a cell: n bytes
 *
 * P1: a cell's count is the number of live granules in its piece of the heap.
 * P2: the screen shows each cell by its count; only cells whose count changes
 *     are written, because screen memory is slow.
 *
 * Different cells have different characters, not only different colours.  The
 * live granules come from replay's shadow, never from the allocator.
 */
#ifndef REPLAY_PICTURE_H
#define REPLAY_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PICTURE_MAX_COLUMNS 80u
#define PICTURE_MAX_ROWS    25u

/* A screen of cells as VGA has them: colour in the high byte, character (code
 * page 437) in the low one.  Rows follow each other. */
struct text_screen {
    uint16_t *cells; /* NULL: there is no screen */
    unsigned columns, rows;
    /* Called before the first and after the last drawing; may be NULL. */
    void (*begin)(void);
    void (*end)(void);
    /* Called after drawing, to show it; may be NULL. */
    void (*show)(void);
};

/* Slows a run down so that people can follow it. */
struct picture_pace {
    uint32_t operations; /* between two calls of `wait`; 0: never */
    void (*wait)(void);
};

/* The contents of the status line. */
struct picture_title {
    const char *stage;
    const char *trace;
    uint32_t operations; /* of the whole trace */
    uint64_t peak_bytes; /* of the whole trace */
};

struct picture {
    struct text_screen screen;
    struct picture_pace pace;
    /* The rest is set by picture_begin. */
    struct picture_title title;
    uintptr_t heap_begin;
    size_t cell_granules; /* granules that one cell stands for */
    unsigned map_cells;   /* cells in use: the heap's end */
    uint32_t granules[PICTURE_MAX_COLUMNS * PICTURE_MAX_ROWS]; /* P1 */
    uint16_t text[PICTURE_MAX_COLUMNS * PICTURE_MAX_ROWS];     /* beneath us */
};

/* Whether there is a screen, of a size that the picture supports. */
bool picture_is_possible(const struct picture *picture);
/* Draws the empty heap. */
void picture_begin(struct picture *picture, const struct picture_title *title,
                   uintptr_t heap_begin, size_t heap_bytes);
/* `granules` granules from `address` on become live, or free. */
void picture_take(struct picture *picture, uintptr_t address,
                  uint32_t granules);
void picture_give(struct picture *picture, uintptr_t address,
                  uint32_t granules);
/* After each operation: status line and pace. */
void picture_step(struct picture *picture, uint32_t done, uint64_t live_bytes);
/* Puts back the text that was on the screen before picture_begin. */
void picture_end(struct picture *picture);

#endif
