/* SPDX-License-Identifier: MIT */
/* The text screen. */
#include "arch/i386/vga.h"

#include "arch/i386/cpu.h"
#include "arch/i386/framebuffer.h"
#include "lib/addr.h"
#include "lib/string.h"

#define VGA_MEMORY        ((phys_t){ 0xB8000 })
#define TEXT_COLOUR       0x07u /* light grey on black */
#define TAB_STOP          8u
#define CRTC_INDEX        0x3D4
#define CRTC_DATA         0x3D5
#define CRTC_CURSOR_HIGH  0x0E
#define CRTC_CURSOR_LOW   0x0F
#define CRTC_CURSOR_START 0x0A
#define CURSOR_HIDDEN     0x20

static unsigned cursor; /* index of the cell that takes the next character */
static bool picture;
static uint16_t *cells;
static uint16_t drawn_cells[VGA_CELLS]; /* where VGA has none */

static bool is_drawn(void)
{
    return cells == drawn_cells;
}

static uint16_t cell(char character)
{
    return (uint16_t)(TEXT_COLOUR << 8 | (uint8_t)character);
}

uint16_t *vga_cells(void)
{
    return cells;
}

static void crtc_write(uint8_t index, uint8_t value)
{
    outb(CRTC_INDEX, index);
    outb(CRTC_DATA, value);
}

void vga_show(void)
{
    if (is_drawn()) {
        framebuffer_show(cells, picture ? VGA_CELLS : cursor);
        return;
    }
    crtc_write(CRTC_CURSOR_HIGH, (uint8_t)(cursor >> 8));
    crtc_write(CRTC_CURSOR_LOW, (uint8_t)cursor);
}

static void clear(unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++)
        cells[i] = cell(' ');
}

bool vga_init(const struct boot_screen *screen)
{
    if (screen->kind == SCREEN_TEXT)
        cells = phys_to_virt(VGA_MEMORY);
    else if (framebuffer_init(screen))
        cells = drawn_cells;
    else
        return false;
    clear(0, VGA_CELLS);
    cursor = 0;
    vga_show();
    return true;
}

static void scroll(void)
{
    memmove(cells, cells + VGA_COLUMNS,
            (VGA_CELLS - VGA_COLUMNS) * sizeof *cells);
    clear(VGA_CELLS - VGA_COLUMNS, VGA_CELLS);
    cursor -= VGA_COLUMNS;
}

static void vga_put(char character)
{
    switch (character) {
    case '\n':
        cursor += VGA_COLUMNS - cursor % VGA_COLUMNS;
        break;
    case '\r':
        cursor -= cursor % VGA_COLUMNS;
        break;
    case '\b':
        if (cursor % VGA_COLUMNS > 0)
            cursor--;
        break;
    case '\t':
        cursor += TAB_STOP - cursor % TAB_STOP;
        break;
    default:
        cells[cursor++] = cell(character);
    }
    if (cursor >= VGA_CELLS)
        scroll();
}

void vga_write(const char *text, size_t bytes)
{
    if (picture)
        return;
    for (size_t i = 0; i < bytes; i++)
        vga_put(text[i]);
    vga_show();
}

void vga_picture_begin(void)
{
    picture = true;
    if (!is_drawn())
        crtc_write(CRTC_CURSOR_START, CURSOR_HIDDEN);
}

void vga_picture_end(void)
{
    picture = false;
    if (!is_drawn())
        crtc_write(CRTC_CURSOR_START, 0);
    vga_show();
}
