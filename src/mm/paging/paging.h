/* SPDX-License-Identifier: MIT */
/* Virtual memory: page tables, which say which page shows which frame. */
#ifndef MM_PAGING_PAGING_H
#define MM_PAGING_PAGING_H

#include "arch/i386/arch.h"
#include "lib/addr.h"
#include "lib/region.h"
#include "lib/stage.h"
#include "lib/violation.h"

#include <stdbool.h>
#include <stdint.h>

/* Rights of a mapping; every mapping may be read and executed. */
enum page_rights {
    PAGE_READ_ONLY = 0,
    PAGE_WRITABLE = ENTRY_WRITABLE,
};

enum page_error {
    PAGE_OK,
    PAGE_NOT_WRITTEN_YET,
    PAGE_MISALIGNED,     /* the address is not a multiple of 4096 */
    PAGE_ALREADY_MAPPED, /* page_map: unmap it first */
    PAGE_NOT_MAPPED,     /* unmap, protect: no 4 KiB page there */
    PAGE_NO_MEMORY,      /* no frame for a page table; nothing changed */
};

/* A part of the kernel image that gets rights of its own, or a guard: pages
 * that are never mapped.  Addresses are virtual, page aligned and half open. */
enum span_kind {
    SPAN_READ_ONLY,
    SPAN_GUARD
};
struct kernel_span {
    uintptr_t begin, end;
    enum span_kind kind;
    const char *name; /* "text", "stack guard": for messages */
};

/* The contents of the kernel's own directory: all available memory and all
 * regions in use, below the layout's reach, are mapped at the direct map and
 * writable.  The spans are exceptions: read-only, or not mapped at all. */
struct paging_plan {
    const struct memory_layout *layout;
    const struct kernel_span *spans;
    size_t span_count;
    page_entry_t devices; /* the directory's entry of the device window, or 0 */
};

/* Page aligned, half open. */
struct page_range {
    uintptr_t begin, end;
};

/* Addresses whose pages are mapped and unmapped later, each to any frame.  The
 * owner of the window decides what is mapped.  It keeps `mapped` correct: the
 * ranges are inside `all`, in order, and do not overlap. */
#define WINDOW_RANGES 3u
struct page_window {
    struct page_range all;
    struct page_range mapped[WINDOW_RANGES];
};

/* Builds the kernel's directory by the plan.  The processor does not use it
 * yet: the caller calls paging_check() first, then paging_enable().  The caller
 * keeps the plan, because paging_check() reads it again.  If there are not
 * enough frames, or a span is outside the mapped memory, paging_init() prints a
 * line, gives the frames back and returns STAGE_BROKEN. */
enum stage_state paging_init(const struct paging_plan *plan);
/* Hands the checked directory to the processor. */
void paging_enable(void);
/* The kernel's directory; NULL before paging_init. */
struct page_table *kernel_directory(void);

/* Shows `frame` at `page`.  Takes a frame for a page table when the directory
 * entry has none. */
enum page_error page_map(struct page_table *directory, uintptr_t page,
                         frame_t frame, enum page_rights rights);
/* Removes the mapping.  Stores the frame that it showed in *frame, unless
 * `frame` is NULL; the caller frees that frame.  An empty table stays. */
enum page_error page_unmap(struct page_table *directory, uintptr_t page,
                           frame_t *frame);
/* Changes the rights of a mapped page. */
enum page_error page_protect(struct page_table *directory, uintptr_t page,
                             enum page_rights rights);
/* Where `address` leads.  False, and *phys unchanged, if it is not mapped. */
bool page_translate(const struct page_table *directory, uintptr_t address,
                    phys_t *phys);

/* An error in words, for messages. */
const char *page_error_text(enum page_error error);

/* From now on the kernel's directory may also show the pages of `window`, which
 * the caller keeps.  With NULL it shows nothing but the plan. */
void paging_use_window(const struct page_window *window);
/* All of its addresses; empty if there is none. */
struct page_range paging_window_range(void);
/* Whether its ranges have this page; false if there is no window. */
bool paging_window_has(uintptr_t page);

/* Walks the kernel's directory with code that shares nothing with the above.
 * Checks that every page of the plan shows the right frame with the right
 * rights; that the window's pages have frames of their own; that no other page
 * is mapped; and that the current code, the stack and the tables are mapped. */
struct violation paging_check(void);

#endif
