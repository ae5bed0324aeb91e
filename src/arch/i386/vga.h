/* SPDX-License-Identifier: MIT */
/* The text screen: 80 by 25 cells (cells.h), each a character and a colour.
 *
 * VGA has them at physical 0xB8000.  A machine with UEFI has no VGA text; there
 * the cells are in RAM, and framebuffer.c draws those that changed.
 */
#ifndef ARCH_I386_VGA_H
#define ARCH_I386_VGA_H

#include "arch/i386/cells.h"
#include "arch/i386/multiboot2.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Clears the screen; false if there is none that we can write on. */
bool vga_init(const struct boot_screen *screen);
/* Text at the cursor; '\n', '\r', '\b' and '\t' do what they say. */
void vga_write(const char *text, size_t bytes);
/* The cells themselves, for pictures; row after row. */
uint16_t *vga_cells(void);
/* Makes what was written into the cells visible, where VGA does not. */
void vga_show(void);
/* While a picture owns the screen, vga_write changes nothing and the cursor
 * hides; the drawer of the picture puts the text back. */
void vga_picture_begin(void);
void vga_picture_end(void);

#endif
