/* SPDX-License-Identifier: MIT */
/* One stub a vector: they bring every trap to the same frame (trap_frame.h).
 *
 * The .cfi lines tell the debugger where the interrupted code's registers
 * lie, so that a backtrace goes through a trap as through a call.
 */
#include "arch/i386/segments.h"

#define VECTORS 48

    .cfi_sections .debug_frame
    .text

/* The processor pushes an error code for these vectors alone (Intel SDM
 * volume 3, table 6-1); the others get a 0 in its place. */
.macro push_missing_error vector
    .if (\vector == 8) || (\vector >= 10 && \vector <= 14) || (\vector == 17)
    .else
    pushl $0
    .endif
.endm

.macro stub vector
    .balign 16
stub_\vector:
    push_missing_error \vector
    pushl $\vector
    jmp trap_entry
.endm

    .balign 16
    .global trap_stubs
trap_stubs:
    .altmacro
    .set i, 0
    .rept VECTORS
    stub %i
    .set i, i + 1
    .endr

    .type trap_entry, @function
trap_entry:
    .cfi_startproc simple
    .cfi_signal_frame
    .cfi_def_cfa esp, 20                /* vector, error, eip, cs, eflags */
    .cfi_offset eip, -12
    pusha
    .cfi_adjust_cfa_offset 32
    .cfi_offset eax, -24
    .cfi_offset ecx, -28
    .cfi_offset edx, -32
    .cfi_offset ebx, -36
    .cfi_offset ebp, -44
    .cfi_offset esi, -48
    .cfi_offset edi, -52
    pushl %ds
    pushl %es
    pushl %fs
    pushl %gs
    .cfi_adjust_cfa_offset 16
    cld                                 /* C expects it so */
    movl %esp, %eax
    pushl %eax                          /* struct trap_frame * */
    .cfi_adjust_cfa_offset 4
    call trap_handle
    addl $4, %esp
    .cfi_adjust_cfa_offset -4
    popl %gs
    popl %fs
    popl %es
    popl %ds
    .cfi_adjust_cfa_offset -16
    popa
    .cfi_adjust_cfa_offset -32
    addl $8, %esp                       /* vector and error code */
    .cfi_adjust_cfa_offset -8
    iret
    .cfi_endproc
    .size trap_entry, . - trap_entry

/* The task of the double fault begins here.  No function calls it.  The main
 * task's registers are in its task state; a copy of them on this stack lets a
 * backtrace continue in the main task. */
    .global double_fault_entry
    .type double_fault_entry, @function
double_fault_entry:
    .cfi_startproc simple
    .cfi_signal_frame
    .cfi_def_cfa esp, 0                 /* before the pushes: no caller yet, */
    .cfi_undefined eip                  /* and the backtrace ends here */
    pushl main_task + TASK_EIP
    pushl main_task + TASK_ESP
    pushl main_task + TASK_EBP
    pushl main_task + TASK_EBX
    pushl main_task + TASK_ESI
    pushl main_task + TASK_EDI
    .cfi_def_cfa esp, 24
    .cfi_offset eip, -4
    .cfi_offset esp, -8
    .cfi_offset ebp, -12
    .cfi_offset ebx, -16
    .cfi_offset esi, -20
    .cfi_offset edi, -24
    call report_double_fault
    hlt                                 /* a call's return is inside, too */
    .cfi_endproc
    .size double_fault_entry, . - double_fault_entry

    .section .note.GNU-stack, "", @progbits
