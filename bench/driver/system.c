/* SPDX-License-Identifier: MIT */
/* System calls of Linux on i386, and the functions that lib needs. */
#include "bench/driver/system.h"

#include "lib/panic.h"
#include "lib/print.h"
#include "lib/symbol.h"

/* Numbers of Linux on i386; unistd.h of the machine that compiles may be for
 * 64 bits. */
enum {
    SYS_EXIT = 1,
    SYS_READ = 3,
    SYS_WRITE = 4,
    SYS_OPEN = 5,
    SYS_CLOSE = 6,
    SYS_LSEEK = 19,
    SYS_SIGACTION = 67,
    SYS_GETRUSAGE = 77,
    SYS_PRCTL = 172,
    SYS_MMAP2 = 192,
    SYS_MINCORE = 218
};

enum {
    OPEN_READ = 0,
    OPEN_READ_WRITE = 2,
    OPEN_NEW = 01 | 0100 | 01000
};
enum {
    SEEK_TO_END = 2,
    SEEK_TO = 0
};
enum {
    MAP_READ_WRITE = 3
};
enum {
    MAP_SHARED_FILE = 0x01,
    MAP_OWN = 0x02 | 0x20,
    MAP_AT = 0x10,
    MAP_UNRESERVED = 0x4000
};
enum {
    NO_HUGE_PAGES = 41
};
enum {
    RUSAGE_WORDS = 18,
    MINOR_FAULTS = 8
};

#define NO_FILE  ((intptr_t)-1)
#define IS_ERROR 0xFFFFF000u

static uintptr_t system_call(uintptr_t number, uintptr_t a, uintptr_t b,
                             uintptr_t c)
{
    uintptr_t result;

    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c)
                     : "memory");
    return result;
}

/* mmap2 has six arguments, the sixth in ebp, which a compiler may be using. */
static void *map(uintptr_t at, size_t bytes, uintptr_t flags, intptr_t file)
{
    uintptr_t result;

    __asm__ volatile("push %%ebp; xor %%ebp, %%ebp; int $0x80; pop %%ebp"
                     : "=a"(result)
                     : "a"(SYS_MMAP2), "b"(at), "c"(bytes), "d"(MAP_READ_WRITE),
                       "S"(flags), "D"(file)
                     : "memory");
    if (result >= IS_ERROR)
        panic("no memory for %zu bytes", bytes);
    return (void *)result;
}

_Noreturn void leave(int status)
{
    for (;;)
        system_call(SYS_EXIT, (uintptr_t)status, 0, 0);
}

void system_print(const char *text, size_t bytes)
{
    system_call(SYS_WRITE, 1, (uintptr_t)text, bytes);
}

char *symbol_text(char *text, size_t bytes, uintptr_t address)
{
    format_text(text, bytes, "%#lx", (unsigned long)address);
    return text;
}

_Noreturn void panic(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print("panic: ");
    vprint(format, arguments);
    print("\n");
    va_end(arguments);
    leave(70);
}

static intptr_t open_file(const char *path, uintptr_t mode)
{
    uintptr_t file = system_call(SYS_OPEN, (uintptr_t)path, mode, 0644);

    if (file >= IS_ERROR)
        panic("cannot open %s", path);
    return (intptr_t)file;
}

void *file_load(const char *path, size_t *bytes)
{
    intptr_t file = open_file(path, OPEN_READ);
    size_t all = system_call(SYS_LSEEK, (uintptr_t)file, 0, SEEK_TO_END);
    char *data = memory_map(all + 1, true);

    system_call(SYS_LSEEK, (uintptr_t)file, 0, SEEK_TO);
    for (size_t done = 0, step; done < all; done += step) {
        step = system_call(SYS_READ, (uintptr_t)file, (uintptr_t)(data + done),
                           all - done);
        if (step == 0 || step >= IS_ERROR)
            panic("cannot read %s", path);
    }
    system_call(SYS_CLOSE, (uintptr_t)file, 0, 0);
    *bytes = all;
    return data;
}

void file_save(const char *path, const void *data, size_t bytes)
{
    intptr_t file = open_file(path, OPEN_NEW);

    for (size_t done = 0, step; done < bytes; done += step) {
        step = system_call(SYS_WRITE, (uintptr_t)file, (uintptr_t)data + done,
                           bytes - done);
        if (step == 0 || step >= IS_ERROR)
            panic("cannot write %s", path);
    }
    system_call(SYS_CLOSE, (uintptr_t)file, 0, 0);
}

void *file_share(const char *path, size_t bytes)
{
    intptr_t file = open_file(path, OPEN_READ_WRITE);
    void *memory = map(0, bytes, MAP_SHARED_FILE, file);

    system_call(SYS_CLOSE, (uintptr_t)file, 0, 0);
    return memory;
}

void *memory_map(size_t bytes, bool present)
{
    char *memory = map(0, bytes, MAP_OWN | MAP_UNRESERVED, NO_FILE);

    /* By hand, for an emulator does not pass MAP_POPULATE on. */
    for (size_t at = 0; present && at < bytes; at += 4096)
        *(volatile char *)(memory + at) = 0;
    return memory;
}

void memory_renew(uintptr_t begin, size_t bytes)
{
    map(begin, bytes, MAP_OWN | MAP_UNRESERVED | MAP_AT, NO_FILE);
}

size_t text_load(const char *path, char *text, size_t room)
{
    intptr_t file = open_file(path, OPEN_READ);
    size_t bytes = 0, step;

    do {
        step = system_call(SYS_READ, (uintptr_t)file, (uintptr_t)(text + bytes),
                           room - 1 - bytes);
        if (step >= IS_ERROR)
            panic("cannot read %s", path);
        bytes += step;
    } while (step != 0);
    system_call(SYS_CLOSE, (uintptr_t)file, 0, 0);
    if (bytes == room - 1)
        panic("%s has more than %zu bytes", path, room - 2);
    text[bytes] = 0;
    return bytes;
}

void no_huge_pages(void)
{
    system_call(SYS_PRCTL, NO_HUGE_PAGES, 1, 0);
}

void pages_present(uintptr_t begin, size_t pages, uint8_t *present)
{
    if (system_call(SYS_MINCORE, begin, pages * 4096, (uintptr_t)present) != 0)
        panic("mincore() of %zu pages at %#lx fails", pages,
              (unsigned long)begin);
}

uint32_t page_faults(void)
{
    uint32_t usage[RUSAGE_WORDS];

    system_call(SYS_GETRUSAGE, 0, (uintptr_t)usage, 0);
    return usage[MINOR_FAULTS] + usage[MINOR_FAULTS + 1];
}

/* The kernel's struct of the first sigaction call. */
struct signal_action {
    void (*handler)(int number, void *info, const uint32_t *context);
    uint32_t mask, flags;
    void (*restorer)(void);
};

/* Resets the handler first, so that a second fault, here, ends the process as
 * the first would have. */
enum {
    WITH_INFO_ONCE = (int)(4u | 0x80000000u)
};
enum {
    SIGNAL_FAULT = 11,
    CONTEXT_EIP = 19,
    HLT = 0xF4
};

static void fault(int number, void *info, const uint32_t *context)
{
    const uint8_t *instruction = (const uint8_t *)context[CONTEXT_EIP];

    (void)number;
    (void)info;
    if (*instruction == HLT)
        leave(EXIT_STOPPED);
}

void report_hlt(void)
{
    struct signal_action action = {
        .handler = fault,
        .flags = (uint32_t)WITH_INFO_ONCE,
    };

    system_call(SYS_SIGACTION, SIGNAL_FAULT, (uintptr_t)&action, 0);
}
