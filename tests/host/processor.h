/* SPDX-License-Identifier: MIT */
/* The processor as mm knows it, played by a recorder: the three functions that
 * arch.h promises, and a page walk by the manual.
 */
#ifndef TESTS_HOST_PROCESSOR_H
#define TESTS_HOST_PROCESSOR_H

#include "arch/i386/arch.h"

struct processor {
    phys_t directory;        /* the one loaded; 0: none */
    uint32_t flushes;        /* calls of arch_flush_page() */
    uintptr_t last_page;     /* its argument, the last time */
    page_entry_t entry_then; /* what the loaded tables said at that time */
    void (*flush)(uintptr_t page); /* is told, too; or NULL */
};

extern struct processor processor;

void processor_reset(void);
/* The entry of the page at `address`, or 0 if it is not present. */
page_entry_t processor_walk(const struct page_table *directory,
                            uintptr_t address);

#endif
