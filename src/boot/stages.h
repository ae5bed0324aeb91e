/* SPDX-License-Identifier: MIT */
/* The stages of the kernel, as one table, and the last one in force. */
#ifndef BOOT_STAGES_H
#define BOOT_STAGES_H

#include "lib/stage.h"
#include "lib/violation.h"
#include "mm/heap/heap.h"

#include <stdbool.h>
#include <stddef.h>

/* Later stages need a core stage.  They do not need an optional one: the boot
 * skips it if its functions are not written yet. */
enum stage_kind {
    CORE,
    OPTIONAL
};

/* A row of the table in main.c. */
struct stage {
    const char *name;
    const char *lab; /* the page that explains it */
    enum stage_kind kind;
    enum stage_state (*init)(void);
    struct violation (*check)(void); /* NULL: there is nothing to check */
    void (*enter)(void);             /* takes effect, after the check; NULL */
    void (*figures)(void);           /* the rest of its line in the log */
    const struct heap_backend
        *backend; /* the new backend of kmalloc; or NULL */
};

struct stage_table {
    const struct stage *stages;
    size_t count;
};

/* Starts the stages up to the one that `last` names, by name or number ("": all
 * of them).  Stops at the first stage that is not written or fails its check,
 * but skips optional stages before `last` that are not written.  Prints a line
 * for each stage; for a wrong name, a line that lists the right ones.  True if
 * all requested stages are in force. */
bool stages_start(const struct stage_table *table, const char *last);
/* Starts the last stage that is in force again, without printing; false if it
 * refuses. */
bool stages_restart_last(void);
/* The name of the last stage that is in force; stage 0 always is. */
const char *stages_last_name(void);
/* Whether the stage of that name is in force. */
bool stage_in_force(const char *name);

/* A line for every stage. */
void stages_print(void);
/* Checks each active stage and prints a line for each.  It skips an allocator
 * that a later stage has replaced: another allocator uses its memory now. */
void stages_check(void);

#endif
