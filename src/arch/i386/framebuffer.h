/* SPDX-License-Identifier: MIT */
/* The text screen in pixels, for machines whose firmware has no VGA text.
 *
 *     +---------------- width ----------------+
 *     |                (black)                |
 *     |      +--------- 640 ---------+        |  height
 *     |      | 80 x 25 cells         | 400    |
 *     |      | of 8 x 16 pixels      |        |
 *     |      +-----------------------+        |
 *     +---------------------------------------+
 *
 * Only the rows of pixels that hold cells are mapped: 400 rows of up to 2,600
 * pixels fit into the device window, a whole screen might not.
 *
 * F1: `shown` has the cells as the screen shows them; a cell that is equal is
 *     not drawn again, because the screen is slow memory.
 */
#ifndef ARCH_I386_FRAMEBUFFER_H
#define ARCH_I386_FRAMEBUFFER_H

#include "arch/i386/multiboot2.h"

#include <stdbool.h>
#include <stdint.h>

/* Maps the middle of the screen and makes all of it black.  False, and nothing
 * is mapped, if it is not a screen of pixels, is smaller than the cells, or
 * is where the kernel cannot map it. */
bool framebuffer_init(const struct boot_screen *screen);
/* Draws the cells that changed since the last call (cells.h has their format),
 * and a line under the cell `cursor`; past the last cell: no line. */
void framebuffer_show(const uint16_t *cells, unsigned cursor);

#endif
