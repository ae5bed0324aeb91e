/* SPDX-License-Identifier: MIT */
/* The shapes of characters: 8 by 16 pixels, for a screen that has only pixels.
 */
#ifndef ARCH_I386_FONT_H
#define ARCH_I386_FONT_H

#include <stdint.h>

#define FONT_WIDTH  8u
#define FONT_HEIGHT 16u

/* Row `y` of a character of code page 437; bit 7 is its leftmost pixel.  There
 * are the printable characters of ASCII and the four shades that the map of the
 * heap has; any other is a frame. */
uint8_t font_row(uint8_t character, unsigned y);

#endif
