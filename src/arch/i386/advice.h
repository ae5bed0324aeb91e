/* SPDX-License-Identifier: MIT */
/* What the reader of a panic types next, to hunt the fault with gdb. */
#ifndef ARCH_I386_ADVICE_H
#define ARCH_I386_ADVICE_H

#include <stdbool.h>
#include <stdint.h>

/* What the report has found out.  Members that are 0 give no line. */
struct advice {
    const char *entrance;       /* the function that reports: break there */
    uintptr_t address;          /* an address that was used wrongly */
    uintptr_t place;            /* the word in memory that is wrong */
    uintptr_t value;            /* what was there, if it is overwritten now */
    const char *place_question; /* about that word; NULL for the usual one */
    bool heap_damaged;          /* the heap's own check says so */
    bool in_call;               /* the fault came within kmalloc or kfree */
};

/* The line that boots the machine as it was booted this time, with gdb
 * attached: "make debug STAGE=malloc".  The caller keeps the text. */
void advice_use_command(const char *command);
/* Prints it all. */
void advice_print(const struct advice *advice);

#endif
