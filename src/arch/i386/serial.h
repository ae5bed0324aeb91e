/* SPDX-License-Identifier: MIT */
/* Two serial ports (16550 UART): the first is the console, the second takes
 * records for machines.  A port that is not there swallows what is written.
 */
#ifndef ARCH_I386_SERIAL_H
#define ARCH_I386_SERIAL_H

#include <stddef.h>

enum serial_port {
    SERIAL_CONSOLE,
    SERIAL_RECORDS,
    SERIAL_PORTS
};

void serial_init(void);
void serial_write(enum serial_port port, const char *text, size_t bytes);
/* The next character that has arrived, or -1. */
int serial_read(enum serial_port port);

#endif
