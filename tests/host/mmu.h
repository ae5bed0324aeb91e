/* SPDX-License-Identifier: MIT */
/* A machine whose page tables work: physical memory is a file, and a page of
 * the window shows whatever part of it the tables under test say.
 *
 *     window, nothing mapped --touched--> SIGSEGV --> walk the tables
 *        present: that part of the file is mapped there, as a TLB would do
 *        absent:  a page fault
 *
 * Like a TLB it keeps what it has mapped until arch_flush_page().
 */
#ifndef TESTS_HOST_MMU_H
#define TESTS_HOST_MMU_H

#include "mm/paging/paging.h"

/* Starts anew with `bytes` of physical memory, a multiple of 4 MiB, of which
 * the first MiB is in use; frames and paging are started on it.  Returns the
 * addresses of the window, `window_bytes` of them, a multiple of 4 MiB. */
struct page_range mmu_start(uint32_t bytes, uint32_t window_bytes);

/* Whether touching the byte at `address`, in the window, is a page fault. */
bool mmu_faults(uintptr_t address);

/* Hands out frames until only `count` are free; the next call takes them back
 * first. */
void mmu_leave_frames(uint32_t count);

#endif
