/* SPDX-License-Identifier: MIT */
/* The heap window on the host: what the page tables under test show there.
 *
 *     touched --> SIGSEGV --> walk the tables
 *        present: that part of the file which plays memory is mapped there, and
 *                 stays until arch_flush_page(), as in a TLB
 *        absent:  a page fault, which ends the test
 */
#define _GNU_SOURCE /* MAP_ANONYMOUS, siginfo_t */

#include "adapter.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static uintptr_t begin;
static int memory_file;
static struct sigaction before;

static void show(uintptr_t page, int rights, int flags, int file, off_t at)
{
    if (mmap((void *)page, PAGE_BYTES, rights, flags | MAP_FIXED, file, at) ==
        MAP_FAILED) {
        perror("no page of the window");
        _Exit(VERDICT_WRONG_USE);
    }
}

static bool is_inside(uintptr_t page)
{
    return page >= begin && page - begin < LAB_WINDOW_BYTES;
}

void window_forget(uintptr_t page)
{
    if (begin && is_inside(page))
        show(page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Handles faults in the window; passes all others to AddressSanitizer. */
static void on_fault(int number, siginfo_t *info, void *context)
{
    uintptr_t page = align_down((uintptr_t)info->si_addr, PAGE_BYTES);
    page_entry_t entry = 0;

    if (is_inside(page) && kernel_directory())
        entry = lab_walk(kernel_directory(), page);
    if (entry)
        show(page, PROT_READ | (entry & ENTRY_WRITABLE ? PROT_WRITE : 0),
             MAP_SHARED, memory_file, (off_t)(entry & ~(uint32_t)ENTRY_FLAGS));
    else
        before.sa_sigaction(number, info, context);
}

/* Addresses that nothing else has, beginning with a multiple of 4 MiB. */
uintptr_t window_reserve(int file)
{
    void *room = mmap(NULL, LAB_WINDOW_BYTES + LARGE_PAGE_BYTES, PROT_NONE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (room == MAP_FAILED) {
        perror("no addresses for a window");
        exit(VERDICT_WRONG_USE);
    }
    memory_file = file;
    begin = align_up((uintptr_t)room, LARGE_PAGE_BYTES);
    return begin;
}

void lab_side_window_start(const struct memory_layout *layout)
{
    static struct paging_plan plan;
    struct sigaction action = { .sa_sigaction = on_fault,
                                .sa_flags = SA_SIGINFO | SA_NODEFER };

    plan.layout = layout;
    if (paging_init(&plan) != STAGE_OK) {
        fprintf(stderr, "lab 2, paging, does not start\n");
        exit(VERDICT_FAILED);
    }
    paging_enable();
    sigaction(SIGSEGV, &action, &before);
}
