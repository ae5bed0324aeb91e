/* SPDX-License-Identifier: MIT */
/* What paging.c keeps, shared with its checker and with nobody else. */
#ifndef MM_PAGING_PAGING_PRIVATE_H
#define MM_PAGING_PAGING_PRIVATE_H

#include "mm/paging/paging.h"

struct paging {
    struct page_table *directory;   /* the kernel's; NULL: not built yet */
    const struct paging_plan *plan; /* what it was built from */
};

extern struct paging paging;

/* For checkers. */

/* I6, for the whole window; the tables have been checked. */
struct violation paging_check_window(void);

#endif
