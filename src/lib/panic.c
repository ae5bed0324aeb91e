/* SPDX-License-Identifier: MIT */
/* Where the kernel stops. */
#include "lib/panic.h"

uintptr_t panic_place;

_Noreturn __attribute__((noinline, cold)) void
panic_word(const char *file, int line, const char *what, const void *place,
           uintptr_t expected)
{
    panic_place = (uintptr_t)place;
    panic("%s:%d: assertion failed: %s, at %#lx: found %#lx, expected %#lx",
          file, line, what, (unsigned long)panic_place,
          (unsigned long)*(const uintptr_t *)place, (unsigned long)expected);
}
