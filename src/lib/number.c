/* SPDX-License-Identifier: MIT */
/* Text to numbers. */
#include "lib/string.h"

#define NO_DIGIT 16u

static uint32_t digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return (uint32_t)(digit - '0');
    if (digit >= 'a' && digit <= 'f')
        return (uint32_t)(digit - 'a') + 10;
    if (digit >= 'A' && digit <= 'F')
        return (uint32_t)(digit - 'A') + 10;
    return NO_DIGIT;
}

bool parse_number(const char *text, uint32_t *value)
{
    uint32_t base = 10, number = 0;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    if (*text == 0)
        return false;
    for (; *text != 0; text++) {
        uint32_t digit = digit_value(*text);

        /* number * base + digit must not exceed UINT32_MAX. */
        if (digit >= base || number > (UINT32_MAX - digit) / base)
            return false;
        number = number * base + digit;
    }
    *value = number;
    return true;
}
