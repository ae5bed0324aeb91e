/* SPDX-License-Identifier: MIT */
/* Who called whom. */
#include "arch/i386/backtrace.h"

#include "arch/i386/image.h"
#include "arch/i386/symbols.h"
#include "lib/print.h"

#include <stdbool.h>

#define BACKTRACE_MAX 24

static bool on_stack(const struct stack_frame *frame)
{
    uintptr_t address = (uintptr_t)frame;

    return address % sizeof(uintptr_t) == 0 &&
           address >= (uintptr_t)stack_guard_end &&
           address <= (uintptr_t)stack_end - sizeof *frame;
}

static void print_caller(uintptr_t return_address)
{
    char text[SYMBOL_TEXT_BYTES];

    print("  %#010lx %s\n", (unsigned long)return_address,
          caller_text(text, sizeof text, return_address));
}

/* Callers lie at ever higher addresses; a chain that turns back is broken.  A
 * recursion shows as one line and a count. */
void backtrace_print(const struct stack_frame *frame)
{
    uintptr_t last = 0;
    unsigned lines = 0, again = 0;

    while (on_stack(frame) && frame->return_address && lines < BACKTRACE_MAX) {
        bool same = frame->return_address == last;

        if (again && !same)
            print("  (and %u times more)\n", again);
        again = same ? again + 1 : 0;
        if (!same) {
            print_caller(frame->return_address);
            lines++;
        }
        last = frame->return_address;
        if (frame->caller <= frame)
            break;
        frame = frame->caller;
    }
    if (again)
        print("  (and %u times more)\n", again);
}
