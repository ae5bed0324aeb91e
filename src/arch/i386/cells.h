/* SPDX-License-Identifier: MIT */
/* The cells of a text screen, row after row.
 *
 *     15   12 11    8 7           0
 *     +------+-------+-------------+
 *     | back | front |  character  |   one cell
 *     +------+-------+-------------+
 *
 * The character is one of code page 437; the colours are VGA's sixteen.
 */
#ifndef ARCH_I386_CELLS_H
#define ARCH_I386_CELLS_H

#define VGA_COLUMNS 80u
#define VGA_ROWS    25u
#define VGA_CELLS   (VGA_COLUMNS * VGA_ROWS)

#endif
