/* SPDX-License-Identifier: MIT */
/* Which mutant a program runs: MUTANT=7 in its environment. */
#include "switches.h"

#include <stdlib.h>

unsigned mutant_number;

__attribute__((constructor)) static void read_mutant_number(void)
{
    const char *text = getenv("MUTANT");

    mutant_number = text ? (unsigned)strtoul(text, NULL, 10) : 0;
}
