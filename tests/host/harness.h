/* SPDX-License-Identifier: MIT */
/* Unit tests of lib and mm, compiled for the host with -m32.
 *
 * All tests make one program.  `unit-tests --list` names them; `unit-tests
 * NAME` runs one, in a process of its own, so that a crash or a sanitizer's
 * report costs that test alone.  pytest does the rest (tests/test_host.py).
 */
#ifndef TESTS_HOST_HARNESS_H
#define TESTS_HOST_HARNESS_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct unit_test {
    const char *name;
    void (*run)(void);
    struct unit_test *next;
};

void unit_test_register(struct unit_test *test);

/* TEST(frames_first_is_not_zero) { ... }: NAME is room_what. */
#define TEST(name_)                                                        \
    static void test_##name_(void);                                        \
    static struct unit_test unit_##name_ = { #name_, test_##name_, NULL }; \
    __attribute__((constructor)) static void register_##name_(void)        \
    {                                                                      \
        unit_test_register(&unit_##name_);                                 \
    }                                                                      \
    static void test_##name_(void)

_Noreturn void test_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define CHECK(condition)                                               \
    do {                                                               \
        if (!(condition))                                              \
            test_fail(__FILE__, __LINE__, "not true: %s", #condition); \
    } while (0)

/* Integers; pointers are compared with CHECK, or cast to uintptr_t. */
#define CHECK_EQ(found, expected)                                            \
    do {                                                                     \
        unsigned long long f_ = (unsigned long long)(found);                 \
        unsigned long long e_ = (unsigned long long)(expected);              \
        if (f_ != e_)                                                        \
            test_fail(__FILE__, __LINE__, "%s = %#llx, expected %s = %#llx", \
                      #found, f_, #expected, e_);                            \
    } while (0)

#define CHECK_SAME(found, expected) \
    CHECK_EQ((uintptr_t)(found), (uintptr_t)(expected))

#define CHECK_TEXT(found, expected)                                           \
    do {                                                                      \
        const char *f_ = (found), *e_ = (expected);                           \
        if (strcmp(f_, e_) != 0)                                              \
            test_fail(__FILE__, __LINE__, "\"%s\", expected \"%s\"", f_, e_); \
    } while (0)

/* The checker's answer is part of every test. */
#define CHECK_SOUND(call)                                                   \
    do {                                                                    \
        struct violation v_ = (call);                                       \
        if (!is_sound(v_))                                                  \
            test_fail(__FILE__, __LINE__,                                   \
                      "%s at %#lx: expected %#lx, found "                   \
                      "%#lx",                                               \
                      v_.invariant, (unsigned long)v_.address,              \
                      (unsigned long)v_.expected, (unsigned long)v_.found); \
    } while (0)

/* `call` must end in panic(); panic_text() then holds its message. */
#define CHECK_PANICS(call)                                             \
    do {                                                               \
        if (setjmp(*test_expect_panic()) == 0) {                       \
            (void)(call);                                              \
            test_fail(__FILE__, __LINE__, "did not panic: %s", #call); \
        }                                                              \
    } while (0)

jmp_buf *test_expect_panic(void);
const char *panic_text(void);
/* The text that print() wrote since the last call of this function, at most
 * 4095 characters. */
const char *printed_text(void);

/* The seed of a random test: `usual`, unless the environment has MALLOW_SEED
 * (make soak). */
uint32_t test_seed(uint32_t usual);

/* Plays physical memory: `bytes` of zeroed memory for the direct map,
 * physical address 0 first, page aligned.  Freed at the end of the process. */
void *play_physical_memory(uint32_t bytes);
/* Where it is best: above the program and below 3 GiB, on any kernel.  Under
 * qemu-i386, AddressSanitizer knows no addresses beyond. */
#define PLAY_ADDRESS ((void *)0x70000000)

#endif
