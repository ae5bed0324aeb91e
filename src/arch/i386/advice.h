/* SPDX-License-Identifier: MIT */
/* The gdb commands that a panic suggests for hunting the fault. */
#ifndef ARCH_I386_ADVICE_H
#define ARCH_I386_ADVICE_H

#include <stdbool.h>
#include <stdint.h>

/* The findings of the report.  A member that is 0 gives no line. */
struct advice {
    const char *entrance;       /* the function that reports: break there */
    uintptr_t address;          /* an address that was used wrongly */
    uintptr_t place;            /* the word in memory that is wrong */
    uintptr_t value;            /* what was there, if it is overwritten now */
    const char *place_question; /* about that word; NULL for the usual one */
    bool heap_damaged;          /* the heap's own check says so */
    bool in_call;               /* the fault came within kmalloc or kfree */
};

/* The command that boots the machine again with the same options, with gdb
 * attached: "make debug STAGE=malloc".  The caller keeps the text. */
void advice_use_command(const char *command);
/* Prints it all. */
void advice_print(const struct advice *advice);

#endif
