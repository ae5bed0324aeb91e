/* SPDX-License-Identifier: MIT */
/* The labs' tests on the host: one test a process, under sanitizers. */
#ifndef LABS_HOST_ADAPTER_H
#define LABS_HOST_ADAPTER_H

#include "labtest/side.h"

/* How the process ends; scripts/mallow/check.py reads it. */
enum verdict {
    VERDICT_PASSED = 0,
    VERDICT_FAILED = 1,
    VERDICT_WRONG_USE = 2,
    VERDICT_HUNG = 3,
};

/* Memory for a test, and the addresses of its parts. */
struct lab_places play_memory(void);
/* From now on, every access to a byte outside [begin, end) ends the process. */
void guard_heap(uintptr_t begin, uintptr_t end);
void open_arena(void);

/* Addresses for the heap window; `file` imitates physical memory. */
uintptr_t window_reserve(int file);
/* Drops a page of it from the imitated TLB. */
void window_forget(uintptr_t page);

/* The record of the last calls, to be printed after a crash. */
void calls_begin(const struct lab_places *places);
void calls_print(void);
size_t calls_count(void);

/* The most basic blocks that a call may execute.  Reading every block of a full
 * heap twenty times takes less. */
#define WORK_OF_A_CALL 50000000u
/* Allows `more` basic blocks from now on.  After them, the code is in an
 * endless loop, and give_up() is called. */
void allow_work(uint64_t more);
_Noreturn void give_up(void);

/* Prints which basic blocks ran since then. */
void work_print(void);

/* An empty processor, with nothing in its TLB. */
void processor_reset(void);

#endif
