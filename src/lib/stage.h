/* SPDX-License-Identifier: MIT */
/* How far a stage of the kernel has come.
 *
 * Stages are started in order.  A stage whose functions a student has not
 * written yet says so with a value of its own, which is neither success nor
 * "out of memory": the boot then names the lab and leaves the prompt usable.
 */
#ifndef LIB_STAGE_H
#define LIB_STAGE_H

enum stage_state {
    STAGE_OFF,            /* not asked for on the command line */
    STAGE_NOT_WRITTEN,    /* requested, but its functions are unwritten */
    STAGE_PARTLY_WRITTEN, /* usable; some of its functions are unwritten */
    STAGE_BROKEN,         /* written, and its check found a violation */
    STAGE_OK,
};

/* The result of an unwritten function that returns a pointer.  The address is
 * in the first page, which is never mapped: code that uses it faults at a
 * number that the fault report recognises. */
#define NOT_WRITTEN ((void *)0xBAD)

/* A function that is a hole says so when it is called: a hand-out has the call
 * in each of them, and whoever writes the function takes it out. */
void not_written(const char *function);
/* The first of them since the last not_written_forget(); NULL if none. */
const char *not_written_function(void);
void not_written_forget(void);

#endif
