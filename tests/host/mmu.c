/* SPDX-License-Identifier: MIT */
/* Follows the page tables under test with mappings of the host. */
#define _GNU_SOURCE /* memfd_create */

#include "mmu.h"

#include "harness.h"
#include "layouts.h"
#include "mm/frames/frames.h"
#include "mm/grow/window_private.h"
#include "mm/paging/paging_private.h"
#include "processor.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST_FRAMES 16384u

static struct page_range shown; /* the window */
static int memory_file;
/* The handler reads it between two of its stores: volatile. */
static sigjmp_buf *volatile fault_expected;
static frame_t withheld[MOST_FRAMES];
static uint32_t withheld_count;

static void show(uintptr_t page, int rights, int flags, int file, off_t at)
{
    CHECK(mmap((void *)page, PAGE_BYTES, rights, flags | MAP_FIXED, file, at) !=
          MAP_FAILED);
}

static void on_flush(uintptr_t page)
{
    if (page >= shown.begin && page < shown.end)
        show(page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    uintptr_t page = align_down((uintptr_t)info->si_addr, PAGE_BYTES);
    page_entry_t entry = 0;

    (void)number, (void)context;
    if (page >= shown.begin && page < shown.end)
        entry = processor_walk(kernel_directory(), page);
    if (entry != 0) {
        show(page, PROT_READ | (entry & ENTRY_WRITABLE ? PROT_WRITE : 0),
             MAP_SHARED, memory_file, (off_t)(entry & ~(uint32_t)ENTRY_FLAGS));
        return;
    }
    if (fault_expected)
        siglongjmp(*fault_expected, 1);
    test_fail(__FILE__, __LINE__, "page fault at %p", info->si_addr);
}

bool mmu_faults(uintptr_t address)
{
    sigjmp_buf back;
    bool faulted = sigsetjmp(back, 1) != 0;

    if (!faulted) {
        fault_expected = &back;
        (void)*(volatile uint8_t *)address;
    }
    fault_expected = NULL;
    return faulted;
}

void mmu_leave_frames(uint32_t count)
{
    while (withheld_count > 0)
        CHECK_EQ(frame_free(withheld[--withheld_count]), FRAME_OK);
    while (frame_counts().free > count)
        withheld[withheld_count++] = frame_alloc();
}

/* The window first, then physical memory: no 4 MiB have pages of both. */
static void take_addresses(uint32_t bytes, uint32_t window_bytes)
{
    size_t all = bytes + window_bytes + LARGE_PAGE_BYTES;
    void *begin = mmap(PLAY_ADDRESS, all, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    CHECK(begin != MAP_FAILED);
    shown.begin = align_up((uintptr_t)begin, LARGE_PAGE_BYTES);
    shown.end = shown.begin + window_bytes;
    memory_file = memfd_create("memory", 0);
    CHECK(memory_file >= 0 && ftruncate(memory_file, (off_t)bytes) == 0);
    CHECK(mmap((void *)shown.end, bytes, PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_FIXED, memory_file, 0) != MAP_FAILED);
    memset((void *)shown.end, 0xFF, bytes);
    direct_map = (struct direct_map){ shown.end, bytes };
}

struct page_range mmu_start(uint32_t bytes, uint32_t window_bytes)
{
    static struct paging_plan plan;
    struct sigaction action = { .sa_sigaction = on_fault,
                                .sa_flags = SA_SIGINFO | SA_NODEFER };

    take_addresses(bytes, window_bytes);
    sigaction(SIGSEGV, &action, NULL);
    withheld_count = 0;
    memset(&window, 0, sizeof window);
    paging_use_window(NULL);
    layout_begin(bytes);
    add_available(0, bytes);
    add_in_use(0, MIB);
    plan.layout = &layout;
    processor_reset();
    processor.flush = on_flush;
    CHECK_EQ(frames_init(&layout), STAGE_OK);
    CHECK_EQ(paging_init(&plan), STAGE_OK);
    CHECK_SOUND(paging_check());
    paging_enable();
    return shown;
}
