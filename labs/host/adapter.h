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

/* Memory to play with, and the places in it. */
struct lab_places play_memory(void);
/* From now on, whoever touches a byte beside [begin, end) is caught. */
void guard_heap(uintptr_t begin, uintptr_t end);
void open_arena(void);

/* Addresses for the heap window; `file` is what plays physical memory. */
uintptr_t window_reserve(int file);
/* The processor forgets a page of it. */
void window_forget(uintptr_t page);

/* What has been called, the last calls only. */
void calls_begin(const struct lab_places *places);
void calls_print(void);

/* What a call may take, in basic blocks.  To look at every block of a full
 * heap twenty times takes less. */
#define WORK_OF_A_CALL 50000000u
/* From now on so many more basic blocks are work; beyond, a loop without end,
 * and give_up() is called. */
void allow_work(uint64_t more);
_Noreturn void give_up(void);

/* An empty processor, with nothing in its TLB. */
void processor_reset(void);

#endif
