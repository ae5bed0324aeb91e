/* SPDX-License-Identifier: MIT */
/* The PC keyboard, US layout. */
#ifndef ARCH_I386_KEYBOARD_H
#define ARCH_I386_KEYBOARD_H

/* The characters for the arrow keys up and down.  Line editors traditionally
 * use these control characters for the previous and the next line. */
#define KEY_PREVIOUS ('P' & 0x1F)
#define KEY_NEXT     ('N' & 0x1F)

/* The next character typed, or -1. */
int keyboard_read(void);

#endif
