/* SPDX-License-Identifier: MIT */
#include "bench/driver/commands.h"

#include <stddef.h>

const struct command commands[] = {
    { "known", "ROUNDS", 1, command_known },
    { "count", "SUBJECT OPS BYTES COSTS", 4, command_count },
    { "fit", "SUBJECT OPS", 2, command_fit },
    { NULL, NULL, 0, NULL },
};
