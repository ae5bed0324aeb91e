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

/* The functions that were being called when ebp pointed to `frame`, the
 * innermost first: a line each.  Frames are followed only inside the kernel's
 * stack, and only upwards.  False if the chain breaks off
 * before the first function of all. */
bool backtrace_print(const struct stack_frame *frame);
/* The words on the kernel's stack from `esp` on that lead into code, a line
 * each: what is left where ebp has lost its way. */
void backtrace_print_words(uintptr_t esp);

#endif
