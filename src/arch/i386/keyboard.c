/* SPDX-License-Identifier: MIT */
/* The PS/2 keyboard. */
#include "arch/i386/keyboard.h"

#include "arch/i386/cpu.h"

#include <stdbool.h>

#define KEYBOARD_DATA   0x60
#define KEYBOARD_STATUS 0x64
#define STATUS_FULL     0x01

/* Scan codes, set 1: a number a key; the high bit says "released". */
enum scan_code {
    SCAN_RELEASED = 0x80,
    SCAN_EXTENDED = 0xE0, /* prefix of the keys that came after 1981 */
    SCAN_CONTROL = 0x1D,
    SCAN_LEFT_SHIFT = 0x2A,
    SCAN_RIGHT_SHIFT = 0x36,
    SCAN_UP = 0x48,
    SCAN_DOWN = 0x50,
};

static const char plain[] = "\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`"
                            "\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:"
                              "\"~\0|ZXCVBNM<>?\0*\0 ";

static bool shift, control, extended;

/* Follows the keys that only change the meaning of others. */
static bool is_modifier(unsigned code)
{
    bool down = !(code & SCAN_RELEASED);

    switch (code & ~(unsigned)SCAN_RELEASED) {
    case SCAN_LEFT_SHIFT:
    case SCAN_RIGHT_SHIFT:
        shift = down;
        return true;
    case SCAN_CONTROL:
        control = down;
        return true;
    default:
        return false;
    }
}

static int translate(unsigned code)
{
    bool was_extended = extended;
    int character;

    extended = code == SCAN_EXTENDED;
    if (extended || is_modifier(code) || code & SCAN_RELEASED)
        return -1;
    if (was_extended && code == SCAN_UP)
        return KEY_PREVIOUS;
    if (was_extended && code == SCAN_DOWN)
        return KEY_NEXT;
    if (code >= sizeof plain - 1)
        return -1;
    character = shift ? shifted[code] : plain[code];
    if (control)
        character &= 0x1F;
    return character ? character : -1;
}

int keyboard_read(void)
{
    while (inb(KEYBOARD_STATUS) & STATUS_FULL) {
        uint8_t code = inb(KEYBOARD_DATA);

        /* No controller at all reads as all ones, for ever. */
        if (code == 0xFF)
            return -1;

        int character = translate(code);
        if (character >= 0)
            return character;
    }
    return -1;
}
