/* SPDX-License-Identifier: MIT */
/* The stages of the kernel, as one table, and how far it has come. */
#ifndef STAGES_H
#define STAGES_H

#include "lib/stage.h"
#include "lib/violation.h"
#include "mm/heap.h"

#include <stdbool.h>
#include <stddef.h>

/* A row of the table in main.c. */
struct stage {
    const char *name;
    const char *lab; /* the page that explains it */
    enum stage_state (*init)(void);
    struct violation (*check)(void); /* NULL: there is nothing to check */
    void (*enter)(void);             /* takes effect, after the check; NULL */
    void (*figures)(void);           /* the rest of its line in the log */
    const struct heap_backend *backend; /* that it puts behind kmalloc; NULL */
};

/* Starts the stages up to the one that `last` names, by name or number ("":
 * all of them), and stops at the first that is not written or does not pass
 * its check.  A line a stage on the console; a wrong name gets a line that
 * lists the right ones.  True if all that was asked for is in force. */
bool stages_start(const struct stage *table, size_t count, const char *last);
/* Starts stages `first` to `last` again, without a word; false if one
 * refuses. */
bool stages_restart(size_t first, size_t last);
/* How many stages are in force; stage 0 always is. */
size_t stages_in_force(void);
bool stage_in_force(size_t number);

/* A line for every stage. */
void stages_print(void);
/* Checks each stage in force; a line each.  An allocator that a later stage
 * has replaced is left alone: its memory is somebody else's. */
void stages_check(void);

#endif
