/* SPDX-License-Identifier: MIT */
/* The state of a stage of the kernel.
 *
 * Stages are started in order.  An unwritten function returns a special value,
 * which is neither success nor "out of memory".  The boot then names the lab,
 * and the prompt stays usable.
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

/* Notes that an unwritten function was called.  A hand-out has this call in
 * each of them; the student removes it when writing the function. */
void not_written(const char *function);
/* The first of them since the last not_written_forget(); NULL if none. */
const char *not_written_function(void);
void not_written_forget(void);

#endif
