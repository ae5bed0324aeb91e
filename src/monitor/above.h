/* SPDX-License-Identifier: MIT */
/* Functions that the prompt needs from its caller. */
#ifndef MONITOR_ABOVE_H
#define MONITOR_ABOVE_H

#include <stdbool.h>
#include <stdint.h>

/* Commands that only the modules above the prompt can execute. */
struct monitor_above {
    void (*print_stages)(void);
    /* Runs the check of every stage in force; prints a line for each. */
    void (*check_stages)(void);
    /* Replays the trace of that name, or all if `name` is NULL. */
    uint32_t (*replay)(const char *name);
    /* Sets the pace of the live map; false if there is no such pace. */
    bool (*set_map_pace)(const char *pace);
    bool frames_ready, heap_ready;
};

#endif
