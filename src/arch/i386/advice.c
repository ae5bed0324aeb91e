/* SPDX-License-Identifier: MIT */
/* The last lines of a panic. */
#include "arch/i386/advice.h"

#include "lib/print.h"

static const char *command = "make debug";

void advice_use_command(const char *text)
{
    command = text;
}

/* `mallow writer` reads the word's value itself, unless it is given. */
static void print_writer(const struct advice *advice)
{
    const char *question = advice->place_question ? advice->place_question
                                                  : "who has written there?";

    print("  mallow writer 0x%08lx", (unsigned long)advice->place);
    if (advice->value)
        print(" 0x%08lx", (unsigned long)advice->value);
    print("  %s\n", question);
}

void advice_print(const struct advice *advice)
{
    bool asked = advice->address || advice->place || advice->heap_damaged ||
                 advice->in_call;

    print("The kernel has stopped.  To look around: %s, then\n"
          "  break %s\n  continue\n",
          command, advice->entrance);
    if (advice->address)
        print("  mallow owner 0x%08lx   what is that?\n",
              (unsigned long)advice->address);
    if (advice->place)
        print_writer(advice);
    if (advice->heap_damaged || advice->in_call)
        print("  mallow first              %s\n",
              advice->in_call ? "was the heap sound before that call?"
                              : "since when is the heap damaged?");
    if (!asked)
        print("  backtrace\n");
    print("  mallow check              is anything damaged?\n"
          "Does it depend on what is typed, or on an interrupt?  Add RECORD=1, "
          "and gdb\ncan go backwards.\n");
}
