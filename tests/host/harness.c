/* SPDX-License-Identifier: MIT */
/* Runs the unit tests, and stands in for the kernel's panic and console. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS is newer than C11 */

#include "harness.h"

#include "lib/addr.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "lib/symbol.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEST_SECONDS "120" /* of processor time */

/* AddressSanitizer asks for it: looking for leaks needs ptrace, which
 * containers forbid and qemu-i386 does not have. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

static struct unit_test *all_tests;
static jmp_buf panic_target;
static bool panic_expected;
static char panic_message[512];
static char printed[4096];
static size_t printed_bytes;

void unit_test_register(struct unit_test *test)
{
    test->next = all_tests;
    all_tests = test;
}

_Noreturn void test_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "%s:%d: ", file, line);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nprinted so far: %s\n", printed);
    exit(1);
}

jmp_buf *test_expect_panic(void)
{
    panic_expected = true;
    return &panic_target;
}

const char *panic_text(void)
{
    return panic_message;
}

_Noreturn void panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(panic_message, sizeof panic_message, format, arguments);
    va_end(arguments);
    if (panic_expected) {
        panic_expected = false;
        longjmp(panic_target, 1);
    }
    fprintf(stderr, "panic: %s\n", panic_message);
    abort();
}

char *symbol_text(char *text, size_t bytes, uintptr_t address)
{
    snprintf(text, bytes, "%#lx", (unsigned long)address);
    return text;
}

static void remember(const char *text, size_t bytes)
{
    size_t room = sizeof printed - 1 - printed_bytes;
    size_t taken = bytes < room ? bytes : room;

    memcpy(printed + printed_bytes, text, taken);
    printed_bytes += taken;
    printed[printed_bytes] = 0;
}

const char *printed_text(void)
{
    static char answer[sizeof printed];

    memcpy(answer, printed, printed_bytes + 1);
    printed_bytes = 0;
    printed[0] = 0;
    return answer;
}

uint32_t test_seed(uint32_t usual)
{
    const char *chosen = getenv("MALLOW_SEED");

    return chosen ? (uint32_t)strtoul(chosen, NULL, 0) : usual;
}

void *play_physical_memory(uint32_t bytes)
{
    static void *memory;
    static uint32_t mapped_bytes;

    /* The last machine's memory goes first, so that the next one has the same
     * address: how many page tables it needs depends on that. */
    if (mapped_bytes > 0)
        munmap(memory, mapped_bytes);
    mapped_bytes = bytes;
    memory = mmap(PLAY_ADDRESS, bytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        test_fail(__FILE__, __LINE__, "no %u bytes to play memory", bytes);
    direct_map = (struct direct_map){ (uintptr_t)memory, bytes };
    return memory;
}

static int run_named(const char *name)
{
    for (struct unit_test *test = all_tests; test; test = test->next) {
        if (strcmp(test->name, name) == 0) {
            test->run();
            return 0;
        }
    }
    fprintf(stderr, "no test \"%s\"; --list names them\n", name);
    return 2;
}

/* An endless loop ends, whatever else runs on this machine. */
static void limit_time(void)
{
    const char *seconds = getenv("MALLOW_TEST_SECONDS");
    struct itimerval limit = { 0 };

    limit.it_value.tv_sec = strtol(seconds ? seconds : TEST_SECONDS, NULL, 10);
    setitimer(ITIMER_PROF, &limit, NULL);
}

/* Each in a process of its own, without starting the program again. */
static int run_apart(char **names, bool first_failure_ends)
{
    int failed = 0;

    for (; *names && !(failed && first_failure_ends); names++) {
        int status = 0;
        pid_t child = fork();

        if (child == 0) {
            limit_time();
            exit(run_named(*names));
        }
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
            fprintf(stderr, "FAILED %s (status %#x)\n", *names,
                    (unsigned)status);
            failed = 1;
        }
    }
    return failed;
}

int main(int count, char **words)
{
    print_to(remember);
    if (count == 2 && strcmp(words[1], "--list") == 0) {
        for (struct unit_test *test = all_tests; test; test = test->next)
            puts(test->name);
        return 0;
    }
    if (count > 2 && strcmp(words[1], "--first") == 0)
        return run_apart(words + 2, true);
    if (count == 2)
        return run_named(words[1]);
    if (count > 2)
        return run_apart(words + 1, false);
    fprintf(stderr, "usage: unit-tests --list | [--first] NAME...\n");
    return 2;
}
