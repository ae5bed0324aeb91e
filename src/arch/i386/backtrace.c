/* SPDX-License-Identifier: MIT */
/* Walks the chain of stack frames, from the current function to its callers. */
#include "arch/i386/backtrace.h"

#include "arch/i386/image.h"
#include "arch/i386/place.h"
#include "arch/i386/symbols.h"
#include "lib/addr.h"
#include "lib/print.h"

#include <stdbool.h>

#define BACKTRACE_MAX     24
#define STACK_WORDS_SHOWN 16u

static bool is_on_stack(uintptr_t address, size_t bytes)
{
    return address % sizeof(uintptr_t) == 0 &&
           address >= (uintptr_t)stack_guard_end &&
           address <= (uintptr_t)stack_end - bytes;
}

static bool on_stack(const struct stack_frame *frame)
{
    return is_on_stack((uintptr_t)frame, sizeof *frame);
}

static void print_caller(uintptr_t return_address)
{
    char text[SYMBOL_TEXT_BYTES];

    print("  %#010lx %s\n", (unsigned long)return_address,
          caller_text(text, sizeof text, return_address));
}

/* Callers are at ever higher addresses; a chain that turns back is broken.  A
 * recursion shows as one line and a count. */
bool backtrace_print(const struct stack_frame *frame)
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
    /* boot.S starts the chain with ebp = 0. */
    return lines == BACKTRACE_MAX || (on_stack(frame) && !frame->caller);
}

/* A word that leads into code is a return address, maybe an old one. */
void backtrace_print_words(uintptr_t esp)
{
    const uintptr_t *word = (const uintptr_t *)align_down(esp, sizeof *word);
    char text[SYMBOL_TEXT_BYTES];

    print("stack from esp on, as far as it leads into code:\n");
    for (unsigned i = 0; i < STACK_WORDS_SHOWN; i++, word++) {
        if (!is_on_stack((uintptr_t)word, sizeof *word))
            break;
        if (place_is_code(*word))
            print("  0x%08lx: 0x%08lx %s\n", (unsigned long)(uintptr_t)word,
                  (unsigned long)*word, caller_text(text, sizeof text, *word));
    }
}
