/* SPDX-License-Identifier: MIT */
/* lab-tests --list                        a line a test, fields between tabs
 * lab-tests LAB TEST SEED [STEPS]         runs one test
 *
 * STEPS chooses steps of a random test: 0,3,5-9; without it, all.
 */
#include "adapter.h"

#include "labtest/common.h"
#include "labtest/soundness.h"
#include "labtest/steps.h"
#include "lib/print.h"
#include "lib/symbol.h"

#include <sanitizer/common_interface_defs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h> /* _exit() */

#define TRACE_BYTES (4u << 20)

/* AddressSanitizer asks for it: looking for leaks needs ptrace, which
 * containers forbid and qemu-i386 does not have. */
const char *__asan_default_options(void);

/* The other sanitizer calls it before it ends the process. */
void __ubsan_on_report(void);

const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

static const struct lab *lab;
static uint32_t seed;
static const char *steps; /* that are wanted; NULL for all */
static uint32_t most_step;

/* -- What tests ask for (lab.h) ---------------------------------------------
 */

uint32_t lab_seed(void)
{
    return seed;
}

bool lab_step_wanted(uint32_t step)
{
    if (step >= most_step)
        most_step = step + 1;
    return !steps || steps_have(steps, step);
}

/* Once a test has failed, its checker often sees more.  In a child, since
 * memory may be such that a checker crashes. */
static void print_violation(void)
{
    pid_t child = fork();

    if (child == 0) {
        struct violation violation = soundness_violation();

        if (!is_sound(violation))
            fprintf(stderr, "checker: %s; at %#lx, expected %#lx, found %#lx\n",
                    violation.invariant, (unsigned long)violation.address,
                    (unsigned long)violation.expected,
                    (unsigned long)violation.found);
        fflush(stderr);
        _exit(0);
    }
    if (child > 0)
        waitpid(child, NULL, 0);
}

/* Once: what is printed here may fail, too. */
static void print_state(void)
{
    static bool printed;

    if (printed)
        return;
    printed = true;
    fprintf(stderr, "steps: %u\n", (unsigned)most_step);
    if (not_written_function())
        fprintf(stderr, "not written: %s\n", not_written_function());
    calls_print();
    work_print();
    fflush(stderr);
    print_violation();
}

void __ubsan_on_report(void)
{
    print_state();
}

_Noreturn void lab_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    char message[512];

    va_start(arguments, format);
    vformat_text(message, sizeof message, format, arguments);
    va_end(arguments);
    fprintf(stderr, "failed: %s:%d: %s\n", file, line, message);
    print_state();
    _exit(VERDICT_FAILED);
}

/* Staff's own traces are in a folder that hand-outs lack. */
static FILE *open_trace(const char *name)
{
    static const char *const folders[] = { "traces", "staff/traces" };
    FILE *stream = NULL;
    char path[256];

    for (size_t i = 0; !stream && i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s/%s.rep", folders[i], name);
        stream = fopen(path, "rb");
    }
    return stream;
}

bool lab_side_trace(const char *name, struct trace_file *file)
{
    static char text[TRACE_BYTES];
    FILE *stream = open_trace(name);

    if (!stream)
        return false;
    *file =
        (struct trace_file){ name, text, fread(text, 1, sizeof text, stream) };
    fclose(stream);
    return true;
}

/* -- What the kernel's code asks for -----------------------------------------
 */

_Noreturn void panic(const char *format, ...)
{
    va_list arguments;
    char message[512];

    va_start(arguments, format);
    vformat_text(message, sizeof message, format, arguments);
    va_end(arguments);
    fprintf(stderr, "panic: %s\n", message);
    print_state();
    _exit(VERDICT_FAILED);
}

char *symbol_text(char *text, size_t bytes, uintptr_t address)
{
    snprintf(text, bytes, "%#lx", (unsigned long)address);
    return text;
}

/* Shows a student's output.  It is never judged. */
static void show(const char *text, size_t bytes)
{
    fwrite(text, 1, bytes, stdout);
}

void give_up(void)
{
    fprintf(stderr,
            "hung: %u basic blocks in this call, the lab allows no more\n",
            WORK_OF_A_CALL);
    print_state();
    _exit(VERDICT_HUNG);
}

/* -- Running ------------------------------------------------------------------
 */

static void list(void)
{
    for (size_t i = 0; i < lab_count; i++) {
        for (size_t j = 0; lab_list[i] && j < lab_list[i]->count; j++) {
            const struct lab_test *test = &lab_list[i]->tests[j];

            printf("%s\t%s\t%u\t%s\t%s\t%s\t%d\n", lab_list[i]->name,
                   test->name, test->points, test->needs ? test->needs : "",
                   test->what, test->hint, lab_is_hidden(i));
        }
    }
}

static const struct lab_test *find(const char *lab_name, const char *name)
{
    for (size_t i = 0; i < lab_count; i++) {
        if (!lab_list[i] || strcmp(lab_list[i]->name, lab_name) != 0)
            continue;
        lab = lab_list[i];
        for (size_t j = 0; j < lab->count; j++) {
            if (strcmp(lab->tests[j].name, name) == 0)
                return &lab->tests[j];
        }
    }
    fprintf(stderr, "no test %s/%s\n", lab_name, name);
    exit(VERDICT_WRONG_USE);
}

int main(int count, char **words)
{
    const struct lab_test *test;
    struct lab_places places;

    if (count == 2 && strcmp(words[1], "--list") == 0) {
        list();
        return 0;
    }
    if (count != 4 && count != 5)
        return VERDICT_WRONG_USE;
    test = find(words[1], words[2]);
    seed = (uint32_t)strtoul(words[3], NULL, 0);
    if (count == 5) {
        steps = words[4];
        if (!steps_parse(steps))
            return VERDICT_WRONG_USE;
    }
    print_to(show);
    places = play_memory();
    calls_begin(&places);
    processor_reset();
    __sanitizer_set_death_callback(print_state);
    lab_begin(lab, &places);
    soundness_forget();
    test->run();
    lab_expect_sound();
    fprintf(stderr, "passed after %zu calls\n", calls_count());
    return VERDICT_PASSED;
}
