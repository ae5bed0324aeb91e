/* SPDX-License-Identifier: MIT */
/* Serial line, screen and keyboard as one. */
#include "arch/i386/console.h"

#include "arch/i386/cpu.h"
#include "arch/i386/keyboard.h"
#include "arch/i386/serial.h"
#include "arch/i386/vga.h"
#include "lib/print.h"
#include "lib/string.h"

static bool screen;

void console_write(const char *text, size_t bytes)
{
    serial_write(SERIAL_CONSOLE, text, bytes);
    if (screen)
        vga_write(text, bytes);
}

void console_init(void)
{
    serial_init();
    print_to(console_write);
}

void console_use_screen(const struct boot_screen *boot_screen)
{
    screen = vga_init(boot_screen);
}

bool console_has_screen(void)
{
    return screen;
}

int console_read(void)
{
    for (;;) {
        int character = serial_read(SERIAL_CONSOLE);

        if (character < 0)
            character = keyboard_read();
        if (character >= 0)
            return character;
        wait_for_interrupt();
    }
}

void console_record(const char *line)
{
    serial_write(SERIAL_RECORDS, line, strlen(line));
    serial_write(SERIAL_RECORDS, "\n", 1);
}
