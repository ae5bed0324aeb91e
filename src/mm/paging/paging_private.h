/* SPDX-License-Identifier: MIT */
/* The state of paging.c; only paging.c and its checkers use it. */
#ifndef MM_PAGING_PAGING_PRIVATE_H
#define MM_PAGING_PAGING_PRIVATE_H

#include "mm/paging/paging.h"

struct paging {
    struct page_table *directory;   /* the kernel's; NULL: not built yet */
    const struct paging_plan *plan; /* the plan that it was built from */
};

extern struct paging paging;

/* I6, for the whole window; the caller has checked the tables. */
struct violation paging_check_window(void);

#endif
