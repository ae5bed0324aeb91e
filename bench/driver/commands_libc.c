/* SPDX-License-Identifier: MIT */
/* The commands of a driver with a C library's allocator. */
#include "bench/driver/commands.h"

#include <stddef.h>

const struct command commands[] = {
    { "known", "ROUNDS", 1, command_known },
    { "count", "SUBJECT OPS BYTES COSTS", 4, command_count },
    { "resident", "SUBJECT OPS", 2, command_resident },
    { "misuse", "SUBJECT NAME SEED", 3, command_misuse },
    { NULL, NULL, 0, NULL },
};
