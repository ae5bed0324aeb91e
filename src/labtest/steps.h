/* SPDX-License-Identifier: MIT */
/* The wanted steps of a random test, in the form of STEPS=: 0,3,5-9. */
#ifndef LABTEST_STEPS_H
#define LABTEST_STEPS_H

#include <stdbool.h>
#include <stdint.h>

/* Whether `text` is such a list; an empty text is not. */
bool steps_parse(const char *text);
/* Whether `step` is in a list that steps_parse() has accepted. */
bool steps_have(const char *text, uint32_t step);

#endif
