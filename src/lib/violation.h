/* SPDX-License-Identifier: MIT */
/* The answer of a checker.
 *
 * Every stage states its invariants (I1, I2 ...) at the top of its file.  Its
 * x_check() walks everything and returns the first invariant that does not
 * hold, with the place and the two values that should be equal.
 */
#ifndef LIB_VIOLATION_H
#define LIB_VIOLATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct violation {
    const char *invariant; /* "I2: no two free blocks touch"; NULL: sound */
    uintptr_t address;     /* of the block, zone, entry ... that breaks it */
    uintptr_t expected;
    uintptr_t found;
};

#define SOUND ((struct violation){ NULL, 0, 0, 0 })

static inline bool is_sound(struct violation violation)
{
    return violation.invariant == NULL;
}

/* SOUND if the two numbers agree; else `invariant` does not hold at `where`. */
static inline struct violation violation_unless_equal(const char *invariant,
                                                      const void *where,
                                                      uintptr_t expected,
                                                      uintptr_t found)
{
    if (expected == found)
        return SOUND;
    return (struct violation){ invariant, (uintptr_t)where, expected, found };
}

#endif
