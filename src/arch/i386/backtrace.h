/* SPDX-License-Identifier: MIT */
/* Backtraces: the chain of callers, read from the stack. */
#ifndef ARCH_I386_BACKTRACE_H
#define ARCH_I386_BACKTRACE_H

#include <stdbool.h>
#include <stdint.h>

/* The beginning of a function's stack frame with -fno-omit-frame-pointer. */
struct stack_frame {
    const struct stack_frame *caller; /* ebp points here */
    uintptr_t return_address;
};

/* Prints the functions that were active when ebp pointed to `frame`, the
 * innermost first, one in a line.  It follows frames only inside the kernel's
 * stack, and only upwards.  False if the chain ends before the kernel's first
 * function. */
bool backtrace_print(const struct stack_frame *frame);
/* Prints the words on the kernel's stack from `esp` on that lead into code, one
 * in a line.  They help where the chain of frames is damaged. */
void backtrace_print_words(uintptr_t esp);

#endif
