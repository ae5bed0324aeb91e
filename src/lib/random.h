/* SPDX-License-Identifier: MIT */
/* Numbers that look random and repeat exactly for the same seed, so that a
 * failing random test can be run again.  Not for secrets.
 */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include <stdint.h>

struct random {
    uint32_t state;
};

/* Any seed will do, 0 too. */
void random_seed(struct random *random, uint32_t seed);
uint32_t random_next(struct random *random);
/* A number in [0, limit); limit > 0. */
uint32_t random_below(struct random *random, uint32_t limit);

#endif
