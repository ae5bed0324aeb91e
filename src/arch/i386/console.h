/* SPDX-License-Identifier: MIT */
/* The console: serial port and screen together, keyboard and serial port
 * together.
 */
#ifndef ARCH_I386_CONSOLE_H
#define ARCH_I386_CONSOLE_H

#include "arch/i386/multiboot2.h"

#include <stdbool.h>
#include <stddef.h>

/* From then on print() writes here, and to the screen if there is one. */
void console_init(void);
void console_use_screen(const struct boot_screen *screen);
bool console_has_screen(void);
void console_write(const char *text, size_t bytes);
/* Waits for the next character; the processor sleeps meanwhile. */
int console_read(void);
/* A line for machines, on the second serial port; without its newline. */
void console_record(const char *line);

#endif
