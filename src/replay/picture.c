/* SPDX-License-Identifier: MIT */
/* The heap on the screen. */
#include "replay/picture.h"

#include "lib/print.h"
#include "replay/survey.h"

#define STATUS_ROW      0u
#define MAP_ROW         2u /* status line and an empty one above */
#define ROWS_BELOW_MAP  3u /* an empty one, legend, scale */
#define FEWEST_ROWS     (MAP_ROW + ROWS_BELOW_MAP + 1)
#define FEWEST_COLUMNS  40u
#define STATUS_INTERVAL 64u   /* operations: a line of cells is slow */
#define TITLE_COLOUR    0x1Fu /* white on blue */
#define LEGEND_COLOUR   0x07u /* light grey on black */

/* The looks of a cell, from dark and thin to bright and dense, by thirds of its
 * live granules.  A cell with one live granule never looks free, and one with a
 * free granule never looks full. */
struct look {
    uint8_t character; /* of code page 437 */
    uint8_t colour;
    const char *meaning;
};

enum {
    LOOK_UNTOUCHED,
    LOOK_FREE,
    LOOK_LIGHT,
    LOOK_MEDIUM,
    LOOK_DARK,
    LOOK_FULL,
    LOOKS
};

static const struct look looks[LOOKS] = {
    [LOOK_UNTOUCHED] = { ' ', 0x07, "never touched" },
    [LOOK_FREE] = { '.', 0x08, "free again" },
    [LOOK_LIGHT] = { 0xB0, 0x09, "under 1/3" },
    [LOOK_MEDIUM] = { 0xB1, 0x0B, "under 2/3" },
    [LOOK_DARK] = { 0xB2, 0x0A, "more" },
    [LOOK_FULL] = { 0xDB, 0x0E, "all live" },
};

static uint16_t cell_of(uint8_t character, uint8_t colour)
{
    return (uint16_t)(colour << 8 | character);
}

static unsigned screen_cells(const struct picture *picture)
{
    return picture->screen.columns * picture->screen.rows;
}

static unsigned map_room(const struct picture *picture)
{
    return (picture->screen.rows - MAP_ROW - ROWS_BELOW_MAP) *
           picture->screen.columns;
}

bool picture_is_possible(const struct picture *picture)
{
    const struct text_screen *screen = &picture->screen;

    return screen->cells != NULL && screen->columns >= FEWEST_COLUMNS &&
           screen->columns <= PICTURE_MAX_COLUMNS &&
           screen->rows >= FEWEST_ROWS && screen->rows <= PICTURE_MAX_ROWS;
}

/* Writes `text` over row `row` from `column` on, cut at its end; returns the
 * column after it. */
static unsigned picture_put_text(struct picture *picture, unsigned row,
                                 unsigned column, const char *text,
                                 uint8_t colour)
{
    uint16_t *cells = picture->screen.cells + row * picture->screen.columns;

    for (; *text != 0 && column < picture->screen.columns; text++)
        cells[column++] = cell_of((uint8_t)*text, colour);
    return column;
}

static void blank_from(struct picture *picture, unsigned row, unsigned column,
                       uint8_t colour)
{
    uint16_t *cells = picture->screen.cells + row * picture->screen.columns;

    while (column < picture->screen.columns)
        cells[column++] = cell_of(' ', colour);
}

static const struct look *look_of(const struct picture *picture,
                                  uint32_t granules)
{
    if (granules == 0)
        return &looks[LOOK_FREE];
    if (granules >= picture->cell_granules)
        return &looks[LOOK_FULL];
    if (granules < picture->cell_granules / 3)
        return &looks[LOOK_LIGHT];
    if (granules < picture->cell_granules - picture->cell_granules / 3)
        return &looks[LOOK_MEDIUM];
    return &looks[LOOK_DARK];
}

static void draw_cell(struct picture *picture, size_t cell)
{
    const struct look *look = look_of(picture, picture->granules[cell]);
    size_t first = (size_t)MAP_ROW * picture->screen.columns;

    picture->screen.cells[first + cell] =
        cell_of(look->character, look->colour);
}

/* P1 and P2 for all cells that the block covers.  One below the heap counts as
 * far beyond it: the subtraction wraps. */
static void change(struct picture *picture, uintptr_t address,
                   uint32_t granules, bool taken)
{
    size_t first = (address - picture->heap_begin) / GRANULE_BYTES;
    size_t end = first + granules;

    if (!picture_is_possible(picture))
        return;
    while (first < end) {
        size_t cell = first / picture->cell_granules;
        size_t next = (cell + 1) * picture->cell_granules;
        uint32_t part = (uint32_t)((next < end ? next : end) - first);

        if (cell >= picture->map_cells)
            return;
        picture->granules[cell] += taken ? part : 0 - part;
        draw_cell(picture, cell);
        first += part;
    }
}

void picture_take(struct picture *picture, uintptr_t address, uint32_t granules)
{
    change(picture, address, granules, true);
}

void picture_give(struct picture *picture, uintptr_t address, uint32_t granules)
{
    change(picture, address, granules, false);
}

static void draw_status(struct picture *picture, uint32_t done,
                        uint64_t live_bytes)
{
    const struct picture_title *title = &picture->title;
    char text[PICTURE_MAX_COLUMNS + 1];
    unsigned column;

    format_text(text, sizeof text, " %s  %s  op %u of %u  live %llu  peak %llu",
                title->stage, title->trace, done, title->operations,
                (unsigned long long)live_bytes,
                (unsigned long long)title->peak_bytes);
    column = picture_put_text(picture, STATUS_ROW, 0, text, TITLE_COLOUR);
    blank_from(picture, STATUS_ROW, column, TITLE_COLOUR);
    if (picture->screen.show != NULL)
        picture->screen.show();
}

static void draw_legend(struct picture *picture)
{
    unsigned row = picture->screen.rows - 2;
    unsigned column = 0;
    char text[PICTURE_MAX_COLUMNS + 1];

    for (unsigned i = LOOK_FREE; i < LOOKS; i++) {
        char sample[] = { ' ', (char)looks[i].character, ' ', 0 };

        column =
            picture_put_text(picture, row, column, sample, looks[i].colour);
        column = picture_put_text(picture, row, column, looks[i].meaning,
                                  LEGEND_COLOUR);
    }
    format_text(text, sizeof text,
                " heap from 0x%zx, row by row; a cell is "
                "%zu bytes; blank: never used",
                (size_t)picture->heap_begin,
                picture->cell_granules * GRANULE_BYTES);
    picture_put_text(picture, row + 1, 0, text, LEGEND_COLOUR);
}

void picture_begin(struct picture *picture, const struct picture_title *title,
                   uintptr_t heap_begin, size_t heap_bytes)
{
    size_t granules = heap_bytes / GRANULE_BYTES;

    if (!picture_is_possible(picture))
        return;
    if (picture->screen.begin != NULL)
        picture->screen.begin();
    picture->title = *title;
    picture->heap_begin = heap_begin;
    picture->cell_granules =
        granules / map_room(picture) + (granules % map_room(picture) != 0);
    if (picture->cell_granules == 0)
        picture->cell_granules = 1;
    picture->map_cells = map_room(picture);
    for (unsigned i = 0; i < screen_cells(picture); i++) {
        picture->text[i] = picture->screen.cells[i];
        picture->screen.cells[i] = cell_of(' ', LEGEND_COLOUR);
        picture->granules[i] = 0;
    }
    draw_legend(picture);
    draw_status(picture, 0, 0);
}

void picture_step(struct picture *picture, uint32_t done, uint64_t live_bytes)
{
    const struct picture_pace *pace = &picture->pace;
    bool pause = pace->operations > 0 && done % pace->operations == 0;

    if (!picture_is_possible(picture))
        return;
    if (pause || done % STATUS_INTERVAL == 0 ||
        done == picture->title.operations)
        draw_status(picture, done, live_bytes);
    if (pause)
        pace->wait();
}

void picture_end(struct picture *picture)
{
    if (!picture_is_possible(picture))
        return;
    for (unsigned i = 0; i < screen_cells(picture); i++)
        picture->screen.cells[i] = picture->text[i];
    if (picture->screen.end != NULL)
        picture->screen.end();
}
