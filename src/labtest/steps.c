/* SPDX-License-Identifier: MIT */
/* Reads the list of steps of a random test. */
#include "labtest/steps.h"

#include <stddef.h>

#define MOST_DIGITS 9 /* of a number that 32 bits surely hold */

/* Reads a number; returns the text after it, or NULL if there is no number. */
static const char *steps_read_number(const char *text, uint32_t *number)
{
    const char *begin = text;

    *number = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (text - begin == MOST_DIGITS)
            return NULL;
        *number = *number * 10 + (uint32_t)(*text - '0');
    }
    return text == begin ? NULL : text;
}

/* Reads 3 or 5-9; NULL if there is neither. */
static const char *read_part(const char *text, uint32_t *first, uint32_t *last)
{
    text = steps_read_number(text, first);
    *last = *first;
    if (text && *text == '-')
        text = steps_read_number(text + 1, last);
    return text;
}

bool steps_parse(const char *text)
{
    uint32_t first, last;

    while ((text = read_part(text, &first, &last)) != NULL) {
        if (*text == 0)
            return true;
        if (*text++ != ',')
            return false;
    }
    return false;
}

bool steps_have(const char *text, uint32_t step)
{
    uint32_t first, last;

    while ((text = read_part(text, &first, &last)) != NULL) {
        if (step >= first && step <= last)
            return true;
        if (*text++ == 0)
            return false;
    }
    return false;
}
