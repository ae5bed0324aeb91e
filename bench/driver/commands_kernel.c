/* SPDX-License-Identifier: MIT */
/* The commands of a driver with the kernel's allocators. */
#include "bench/driver/commands.h"

#include <stddef.h>

const struct command commands[] = {
    { "known", "ROUNDS", 1, command_known },
    { "count", "SUBJECT OPS BYTES COSTS", 4, command_count },
    { "fit", "SUBJECT OPS", 2, command_fit },
    { "misuse", "SUBJECT NAME SEED", 3, command_misuse },
    { "stray", "SUBJECT SEED", 2, command_stray },
    { "search", "SUBJECT SEED CLIMBS", 3, command_search },
    { "frames", "WAY FILL COSTS", 3, command_frames },
    { "zones", "KIND ZONES COSTS", 3, command_zones },
    { NULL, NULL, 0, NULL },
};
