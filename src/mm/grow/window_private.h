/* SPDX-License-Identifier: MIT */
/* The state of window.c; only window.c and its checker use it. */
#ifndef MM_GROW_WINDOW_PRIVATE_H
#define MM_GROW_WINDOW_PRIVATE_H

#include "mm/grow/window.h"

/* Half of the kernel's half of the addresses; no window is that large. */
#define WINDOW_TABLES_MAX 256u

struct window {
    struct page_window pages;
    struct page_table *tables[WINDOW_TABLES_MAX]; /* as the direct map shows */
    uint32_t table_count;                         /* 0: there is no window */
    uint32_t frames;                              /* of the mapped pages */
};

extern struct window window;

#endif
