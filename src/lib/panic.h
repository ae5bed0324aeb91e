/* SPDX-License-Identifier: MIT */
/* Stops the kernel at its own mistakes.
 *
 * lib only declares panic().  The kernel's panic() is in arch and prints
 * registers and a backtrace; a host test has its own.
 *
 * ASSERT is for conditions that are false only if the kernel itself is wrong;
 * it is never compiled out.  Mistakes of a caller, a file or the firmware are
 * not asserted: the code checks for them and returns an error.
 */
#ifndef LIB_PANIC_H
#define LIB_PANIC_H

#include <stdint.h>

_Noreturn void panic(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* The address of the word that a panic is about, for the report; 0: none. */
extern uintptr_t panic_place;

#define ASSERT(condition)                                            \
    do {                                                             \
        if (!(condition))                                            \
            panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, \
                  #condition);                                       \
    } while (0)

/* value < limit, with both in the message. */
#define ASSERT_BELOW(value, limit)                                        \
    do {                                                                  \
        uintptr_t value_ = (value), limit_ = (limit);                     \
        if (value_ >= limit_)                                             \
            panic("%s:%d: %s = %#lx, expected below %s = %#lx", __FILE__, \
                  __LINE__, #value, (unsigned long)value_, #limit,        \
                  (unsigned long)limit_);                                 \
    } while (0)

/* found == expected, with both in the message. */
#define ASSERT_EQ(found, expected)                                            \
    do {                                                                      \
        uintptr_t found_ = (uintptr_t)(found);                                \
        uintptr_t expected_ = (uintptr_t)(expected);                          \
        if (found_ != expected_)                                              \
            panic("%s:%d: %s = %#lx, expected %s = %#lx", __FILE__, __LINE__, \
                  #found, (unsigned long)found_, #expected,                   \
                  (unsigned long)expected_);                                  \
    } while (0)

/* Panics because the word at `place` is not `expected`.  It is a function, so
 * that each ASSERT_HOLDS() stays short. */
_Noreturn void panic_word(const char *file, int line, const char *what,
                          const void *place, uintptr_t expected);

/* *place == expected, for a word that a stray write may have reached.  The
 * message has the place and both values. */
#define ASSERT_HOLDS(place, expected)                                     \
    do {                                                                  \
        if ((uintptr_t) * (place) != (uintptr_t)(expected))               \
            panic_word(__FILE__, __LINE__, "*(" #place ") == " #expected, \
                       (place), (uintptr_t)(expected));                   \
    } while (0)

#endif
