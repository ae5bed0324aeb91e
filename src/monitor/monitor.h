/* SPDX-License-Identifier: MIT */
/* The kernel's prompt: a look at everything, by hand. */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

/* What the prompt can do only with the help of main. */
struct monitor_above {
    void (*print_stages)(void);
    /* Runs the check of every stage in force; prints a line for each. */
    void (*check_stages)(void);
    /* Replays the trace of that name, or all if `name` is NULL. */
    uint32_t (*replay)(const char *name);
    /* How the live map is drawn from now on; false if there is no such
     * pace. */
    bool (*set_map_pace)(const char *pace);
    bool frames_ready, heap_ready;
};

_Noreturn void monitor_run(const struct monitor_above *above);

#endif
