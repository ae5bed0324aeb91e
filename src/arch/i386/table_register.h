/* SPDX-License-Identifier: MIT */
/* Where the processor finds a table: what lgdt, lidt, sgdt and sidt move; and
 * how such a table is compared with what it has to be. */
#ifndef ARCH_I386_TABLE_REGISTER_H
#define ARCH_I386_TABLE_REGISTER_H

#include "lib/violation.h"

#include <stddef.h>
#include <stdint.h>

struct table_register {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));

/* A violation of `invariant` at the first word of `table` that is not as in
 * `expected`; both are `bytes` long, a multiple of 4. */
static inline struct violation words_differ(const char *invariant,
                                            const void *table,
                                            const void *expected, size_t bytes)
{
    const uint32_t *found = table, *wanted = expected;

    for (size_t i = 0; i < bytes / sizeof *found; i++) {
        if (found[i] != wanted[i])
            return (struct violation){ invariant, (uintptr_t)&found[i],
                                       wanted[i], found[i] };
    }
    return SOUND;
}

#endif
