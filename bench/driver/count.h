/* SPDX-License-Identifier: MIT */
/* Counting the instructions of one call. */
#ifndef BENCH_COUNT_H
#define BENCH_COUNT_H

#include <stdint.h>

/* Low half of the plugin's count; a word that never changes without a
 * counter, so that the same code runs without the plugin too. */
extern const volatile uint32_t *instruction_count;

typedef void (*callee)(void);

/* Calls a C function with two arguments, or with fewer, and returns how many
 * instructions passed between the two reads of the count.  *result is what
 * the function returned. */
uint32_t call_counted(callee function, uintptr_t first, uintptr_t second,
                      uintptr_t *result);

/* Functions of known length, in instructions with the `ret`. */
void known_1(void);
void known_5(void);
void known_loop(uintptr_t rounds); /* 2 + 2 * rounds, rounds > 0 */
void known_rep(uintptr_t bytes);   /* 7 + (bytes + 1) */

#endif
