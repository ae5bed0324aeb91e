/* SPDX-License-Identifier: MIT */
/* Traps: what the processor does when it cannot go on, and interrupts.
 *
 * The frame that a trap leaves on the stack, as struct trap_frame reads it:
 *
 *     high   eflags  cs  eip        pushed by the processor
 *            error code             by the processor or, where it has none,
 *            vector                 by the stub, as the vector always is
 *            eax ... edi            by pusha in traps_stubs.S
 *     low    ds es fs gs            <- esp, handed to trap_handle()
 */
#ifndef ARCH_I386_TRAP_FRAME_H
#define ARCH_I386_TRAP_FRAME_H

#include <stdint.h>

struct trap_frame {
    uint32_t gs, fs, es, ds;
    uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax;
    uint32_t vector, error_code;
    uint32_t eip, cs, eflags;
};

enum trap_vector {
    TRAP_DIVIDE = 0,
    TRAP_BREAKPOINT = 3,
    TRAP_INVALID_OPCODE = 6,
    TRAP_DOUBLE_FAULT = 8,
    TRAP_GENERAL_PROTECTION = 13,
    TRAP_PAGE_FAULT = 14,
    TRAP_EXCEPTIONS = 32, /* the processor's own are below */
    IRQ_FIRST = TRAP_EXCEPTIONS,
    IRQ_KEYBOARD = IRQ_FIRST + 1,
    IRQ_SERIAL = IRQ_FIRST + 4,
    IRQ_LAST = IRQ_FIRST + 15,
    TRAP_VECTORS,
};

/* "page fault", "divide error" ...; NULL if the vector is not an exception. */
const char *trap_name(uint32_t vector);

#endif
