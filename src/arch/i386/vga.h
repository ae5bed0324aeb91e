/* SPDX-License-Identifier: MIT */
/* The VGA text screen: 80 by 25 cells, each a character and a colour.
 *
 *     15   12 11    8 7           0
 *     +------+-------+-------------+
 *     | back | front |  character  |   one cell, at 0xB8000 + 2 * index
 *     +------+-------+-------------+
 */
#ifndef ARCH_I386_VGA_H
#define ARCH_I386_VGA_H

#include <stddef.h>
#include <stdint.h>

#define VGA_COLUMNS 80u
#define VGA_ROWS    25u

void vga_init(void);
/* Text at the cursor; '\n', '\r', '\b' and '\t' do what they say. */
void vga_write(const char *text, size_t bytes);
/* The cells themselves, for pictures; row after row. */
uint16_t *vga_cells(void);
/* While a picture owns the screen, vga_write changes nothing and the cursor
 * hides; who draws the picture puts the text back. */
void vga_picture_begin(void);
void vga_picture_end(void);

#endif
