/* SPDX-License-Identifier: MIT */
/* The first include of a file with mutants in it (switches.py). */
#ifndef MUTANTS_SWITCHES_H
#define MUTANTS_SWITCHES_H

extern unsigned mutant_number; /* 0: none, the source as it is */

#define mutant_is(number) (mutant_number == (number))

#endif
