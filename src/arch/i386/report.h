/* SPDX-License-Identifier: MIT */
/* The kernel's last report: the cause, the place, and the chain of calls. */
#ifndef ARCH_I386_REPORT_H
#define ARCH_I386_REPORT_H

#include "arch/i386/trap_frame.h"
#include "lib/violation.h"

#include <stdbool.h>
#include <stdint.h>

/* Called at the end of a report. arch cannot call heaps and zones; main passes
 * these functions, or leaves them NULL.  If one faults, the report continues
 * after it. */
struct report_describers {
    /* Describes `address`, in a few lines. */
    void (*address)(uintptr_t address);
    /* The same for a register's value, if it is an address in the heap; prints
     * nothing and returns false otherwise. */
    bool (*heap_address)(const char *name, uintptr_t value);
    /* Whether the heap's bookkeeping is damaged; if so, prints the damage in a
     * line. */
    bool (*heap_damage)(void);
    /* Whether a call of kmalloc or kfree is under way; if so, prints it in a
     * line: the heap may be between two sound states. */
    bool (*heap_call)(void);
    /* Whether memory exists for the page at `address`, which any code may
     * read and write: its page-table entry has to say so. */
    bool (*must_be_mapped)(uintptr_t address);
    /* The first violation in IDT, GDT and tasks. */
    struct violation (*tables)(void);
};

void report_use_describers(struct report_describers given);

_Noreturn void report_trap(const struct trap_frame *frame);
/* The body of the double-fault task. */
_Noreturn void report_double_fault(void);

#endif
