/* SPDX-License-Identifier: MIT */
/* Draws the text screen into a frame buffer, a screen of pixels. */
#include "arch/i386/framebuffer.h"

#include "arch/i386/cells.h"
#include "arch/i386/directory.h"
#include "arch/i386/font.h"
#include "lib/string.h"

#define TEXT_WIDTH  (VGA_COLUMNS * FONT_WIDTH)
#define TEXT_HEIGHT (VGA_ROWS * FONT_HEIGHT)
#define COLOURS     16u
#define CURSOR_ROWS 2u /* the cursor's line, at the foot of its cell */

/* VGA's sixteen colours, as 0xRRGGBB. */
static const uint32_t palette[COLOURS] = {
    0x000000, 0x0000AA, 0x00AA00, 0x00AAAA, 0xAA0000, 0xAA00AA,
    0xAA5500, 0xAAAAAA, 0x555555, 0x5555FF, 0x55FF55, 0x55FFFF,
    0xFF5555, 0xFF55FF, 0xFFFF55, 0xFFFFFF,
};

static struct {
    uint8_t *text; /* the first pixel of the first cell */
    uint32_t pitch;
    uint32_t pixel_bytes;
    uint32_t pixels[COLOURS];  /* the palette, as this screen has it */
    uint16_t shown[VGA_CELLS]; /* F1 */
    unsigned cursor;
} screen;

/* The highest bits of `value`, of 8, where the field wants them. */
static uint32_t in_field(uint32_t value, struct colour_field field)
{
    uint32_t bits = field.bits < 8 ? field.bits : 8u;

    return value >> (8 - bits) << (field.shift % 32);
}

static void choose_pixels(const struct boot_screen *from)
{
    for (unsigned i = 0; i < COLOURS; i++)
        screen.pixels[i] = in_field(palette[i] >> 16 & 0xFF, from->red) |
                           in_field(palette[i] >> 8 & 0xFF, from->green) |
                           in_field(palette[i] & 0xFF, from->blue);
}

/* Through the device window, a piece at a time. */
static bool blacken(const struct boot_screen *from)
{
    uint64_t end = from->address + (uint64_t)from->pitch * from->height;
    uint64_t at = from->address;

    while (at < end) {
        size_t bytes = DEVICE_WINDOW_BYTES - PAGE_BYTES;
        void *piece;

        if (end - at < bytes)
            bytes = (size_t)(end - at);
        piece = directory_map_device(at, bytes);
        if (piece == NULL)
            return false;
        memset(piece, 0, bytes);
        at += bytes;
    }
    return true;
}

bool framebuffer_init(const struct boot_screen *from)
{
    uint32_t left, top;
    uint8_t *rows;

    if (from->kind != SCREEN_PIXELS || from->width < TEXT_WIDTH ||
        from->height < TEXT_HEIGHT ||
        from->pitch / from->pixel_bytes < from->width || !blacken(from))
        return false;
    left = (from->width - TEXT_WIDTH) / 2;
    top = (from->height - TEXT_HEIGHT) / 2;
    rows = directory_map_device(from->address + (uint64_t)top * from->pitch,
                                (size_t)TEXT_HEIGHT * from->pitch);
    if (rows == NULL)
        return false;
    screen.text = rows + left * from->pixel_bytes;
    screen.pitch = from->pitch;
    screen.pixel_bytes = from->pixel_bytes;
    screen.cursor = VGA_CELLS;
    choose_pixels(from);
    return true;
}

/* The lowest byte comes first; there are two to four. */
static uint8_t *put_pixel(uint8_t *at, uint32_t pixel)
{
    for (uint32_t i = 0; i < screen.pixel_bytes; i++)
        *at++ = (uint8_t)(pixel >> 8 * i);
    return at;
}

static void framebuffer_draw_cell(unsigned index, uint16_t cell,
                                  bool has_cursor)
{
    uint32_t ink = screen.pixels[cell >> 8 & 0xF];
    uint32_t paper = screen.pixels[cell >> 12];
    uint8_t *row = screen.text +
                   index / VGA_COLUMNS * FONT_HEIGHT * screen.pitch +
                   index % VGA_COLUMNS * FONT_WIDTH * screen.pixel_bytes;

    for (unsigned y = 0; y < FONT_HEIGHT; y++) {
        uint8_t bits = font_row((uint8_t)cell, y);
        uint8_t *at = row;

        if (has_cursor && y >= FONT_HEIGHT - CURSOR_ROWS)
            bits = 0xFF;
        for (unsigned x = 0; x < FONT_WIDTH; x++)
            at = put_pixel(at, bits & 0x80u >> x ? ink : paper);
        row += screen.pitch;
    }
}

void framebuffer_show(const uint16_t *cells, unsigned cursor)
{
    for (unsigned i = 0; i < VGA_CELLS; i++) {
        bool moved = (i == cursor) != (i == screen.cursor);

        if (cells[i] == screen.shown[i] && !moved)
            continue;
        framebuffer_draw_cell(i, cells[i], i == cursor);
        screen.shown[i] = cells[i];
    }
    screen.cursor = cursor;
}
