/* SPDX-License-Identifier: MIT */
/* Which steps of a random test are wanted, as STEPS= writes it: 0,3,5-9. */
#ifndef LABTEST_STEPS_H
#define LABTEST_STEPS_H

#include <stdbool.h>
#include <stdint.h>

/* Whether `text` is such a list; an empty text is none. */
bool steps_parse(const char *text);
/* Whether `step` stands in a list that steps_parse() has accepted. */
bool steps_have(const char *text, uint32_t step);

#endif
