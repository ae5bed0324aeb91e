/* SPDX-License-Identifier: MIT */
/* What a file with mutants in it includes first (switches.py). */
#ifndef MUTANTS_SWITCHES_H
#define MUTANTS_SWITCHES_H

extern unsigned mutant_number; /* 0: none, the source as it is */

#define mutant_is(number) (mutant_number == (number))

#endif
