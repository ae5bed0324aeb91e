/* SPDX-License-Identifier: MIT */
/* Virtual memory: which page shows which frame. */
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

/* A piece of the kernel image, or a hole in it, that wants its own rights.
 * Virtual, page aligned, half open. */
enum span_kind {
    SPAN_READ_ONLY,
    SPAN_GUARD
};
struct kernel_span {
    uintptr_t begin, end;
    enum span_kind kind;
    const char *name; /* "text", "stack guard": for messages */
};

/* What the kernel's own directory has to contain: all available memory and
 * the regions in use below reach, writable at the direct map, except for the
 * spans, which are read-only or not mapped at all. */
struct paging_plan {
    const struct memory_layout *layout;
    const struct kernel_span *spans;
    size_t span_count;
};

/* Page aligned, half open. */
struct page_range {
    uintptr_t begin, end;
};

/* Addresses whose pages come and go after the plan was followed, each on any
 * frame.  What is mapped there is up to the owner, who keeps the ranges true:
 * inside `all`, in order, apart from each other. */
#define WINDOW_RANGES 3u
struct page_window {
    struct page_range all;
    struct page_range mapped[WINDOW_RANGES];
};

/* Builds the kernel's directory by the plan.  It is not in force yet:
 * paging_check comes first, then paging_enable.  paging_check reads the plan
 * again, so it has to stay.  If there are not enough frames or a span lies
 * outside the memory that is mapped, a line says so, the frames are given back
 * and the answer is STAGE_BROKEN. */
enum stage_state paging_init(const struct paging_plan *plan);
/* Hands the checked directory to the processor. */
void paging_enable(void);
/* The kernel's directory; NULL before paging_init. */
struct page_table *kernel_directory(void);

/* Shows `frame` at `page`.  Takes a frame for a page table when the directory
 * entry has none. */
enum page_error page_map(struct page_table *directory, uintptr_t page,
                         frame_t frame, enum page_rights rights);
/* Takes the mapping away; *frame, unless NULL, says which frame it showed.
 * The frame is the caller's to free; an empty table stays. */
enum page_error page_unmap(struct page_table *directory, uintptr_t page,
                           frame_t *frame);
enum page_error page_protect(struct page_table *directory, uintptr_t page,
                             enum page_rights rights);
/* Where `address` leads.  False, and *phys unchanged, if it is not mapped. */
bool page_translate(const struct page_table *directory, uintptr_t address,
                    phys_t *phys);

const char *page_error_text(enum page_error error);

/* From now on the kernel's directory may show `window`, too, which has to
 * stay; NULL: nothing but the plan. */
void paging_use_window(const struct page_window *window);
/* All of its addresses; empty if there is none. */
struct page_range paging_window_range(void);
/* Whether its ranges have this page; false if there is no window. */
bool paging_window_has(uintptr_t page);

/* Walks the kernel's directory with code that shares nothing with the above:
 * every page of the plan at the right frame with the right rights, the window's
 * pages on frames of their own, nothing below the direct map, current code,
 * stack and tables among them. */
struct violation paging_check(void);

#endif
