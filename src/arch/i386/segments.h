/* SPDX-License-Identifier: MIT */
/* Segments: all of memory, twice, because the i386 insists; and two tasks.
 *
 *     selector  0x08  code, 0 .. 4 GiB
 *               0x10  data, 0 .. 4 GiB
 *               0x18  the task we run in
 *               0x20  the task that reports a double fault
 *
 * Mallow protects memory with pages.  Segments are set to let everything
 * through, and tasks serve one purpose: when the stack itself has overflowed
 * into its guard page, the processor cannot push a trap frame any more, and
 * only a switch to a task with a stack of its own gets a word out.
 */
#ifndef ARCH_I386_SEGMENTS_H
#define ARCH_I386_SEGMENTS_H

/* Where traps_stubs.S finds what it hands to the debugger: members of struct
 * task_state, in bytes. */
#define TASK_EIP 32
#define TASK_EBX 52
#define TASK_ESP 56
#define TASK_EBP 60
#define TASK_ESI 64
#define TASK_EDI 68

#ifndef __ASSEMBLER__

#include "lib/addr.h"
#include "lib/violation.h"

#include <stddef.h>

#define CODE_SELECTOR            0x08u
#define DATA_SELECTOR            0x10u
#define MAIN_TASK                0x18u
#define DOUBLE_FAULT_TASK        0x20u
#define DOUBLE_FAULT_STACK_BYTES 4096u

/* A task's state as the processor keeps it (Intel SDM volume 3, 8.2.1).
 * Selectors are 16 bits wide; their upper halves are not used. */
struct task_state {
    uint32_t previous_task;
    uint32_t esp0, ss0, esp1, ss1, esp2, ss2;
    uint32_t cr3, eip, eflags;
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
    uint32_t es, cs, ss, ds, fs, gs;
    uint32_t ldt;
    uint16_t trap, io_map;
};

_Static_assert(sizeof(struct task_state) == 104, "the processor's layout");
_Static_assert(offsetof(struct task_state, eip) == TASK_EIP &&
                   offsetof(struct task_state, ebx) == TASK_EBX &&
                   offsetof(struct task_state, esp) == TASK_ESP &&
                   offsetof(struct task_state, ebp) == TASK_EBP &&
                   offsetof(struct task_state, esi) == TASK_ESI &&
                   offsetof(struct task_state, edi) == TASK_EDI,
               "the assembler's numbers are the struct's");

/* The task that runs but for a double fault. */
extern struct task_state main_task;

/* report_double_fault() (report.h) runs in the second task. */
void segments_init(void);
/* The first descriptor, or word of the second task, that is not as it was made:
 * S1 to S3 of segments.c. */
struct violation segments_check(void);
/* The directory that the second task is to run with. */
void segments_set_directory(phys_t directory);
/* The registers of the main task at the double fault. */
const struct task_state *segments_main_task(void);

#endif
#endif
