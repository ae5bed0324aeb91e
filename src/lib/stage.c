/* SPDX-License-Identifier: MIT */
/* Remembers which unwritten function was called. */
#include "lib/stage.h"

#include <stddef.h>

static const char *first_unwritten;

void not_written(const char *function)
{
    if (!first_unwritten)
        first_unwritten = function;
}

const char *not_written_function(void)
{
    return first_unwritten;
}

void not_written_forget(void)
{
    first_unwritten = NULL;
}
