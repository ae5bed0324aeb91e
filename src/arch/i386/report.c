/* SPDX-License-Identifier: MIT */
/* Every way in which the kernel ends comes through here.
 *
 * A report trusts as little as it can: it allocates nothing, it follows frame
 * pointers only inside the stacks that it knows, and a second fault while a
 * report is being printed ends the machine at once instead of printing for
 * ever.
 */
#include "arch/i386/report.h"

#include "arch/i386/arch.h"
#include "arch/i386/console.h"
#include "arch/i386/cpu.h"
#include "arch/i386/segments.h"
#include "arch/i386/symbols.h"
#include "arch/i386/vga.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "lib/record.h"

#include <stdarg.h>
#include <stdbool.h>

#define BACKTRACE_MAX 24
#define MESSAGE_BYTES 256

/* linker.ld */
extern const char stack_guard_begin[], stack_guard_end[], stack_end[];

/* What a call leaves behind with -fno-omit-frame-pointer. */
struct stack_frame {
    const struct stack_frame *caller; /* ebp points here */
    uintptr_t return_address;
};

/* Bits of a page fault's error code (Intel SDM volume 3, 4.7). */
enum fault_bit {
    FAULT_PRESENT = 1,
    FAULT_WRITE = 2,
    FAULT_USER = 4,
    FAULT_RESERVED = 8,
    FAULT_FETCH = 16,
};

static void (*describe_address)(uintptr_t address);
static bool reporting;
static struct record record; /* too large for the double fault's stack */

void report_use_describer(void (*describe)(uintptr_t address))
{
    describe_address = describe;
}

static void begin(const char *cause)
{
    if (reporting) {
        print("\nfault while reporting a fault: %s\n", cause);
        cpu_exit(EXIT_PANIC);
    }
    reporting = true;
    interrupts_off();
    vga_picture_end();
    print("\n*** PANIC: %s\n", cause);
    record_begin(&record, "panic");
    record_text(&record, "cause", cause);
    console_record(record.text);
}

static _Noreturn void end(void)
{
    print("The kernel has stopped. To look around: make debug\n");
    cpu_exit(EXIT_PANIC);
}

static bool on_stack(const struct stack_frame *frame)
{
    uintptr_t address = (uintptr_t)frame;

    return address % sizeof(uintptr_t) == 0 &&
           address >= (uintptr_t)stack_guard_end &&
           address <= (uintptr_t)stack_end - sizeof *frame;
}

/* A return address may lie behind the end of its function, when the call was
 * the last thing in it; the byte before belongs to the call itself. */
static void print_caller(uintptr_t return_address)
{
    char text[SYMBOL_TEXT_BYTES];

    print("  %#010lx %s\n", (unsigned long)return_address,
          symbol_text(text, sizeof text, return_address - 1));
}

/* Callers lie at ever higher addresses; a chain that turns back is broken.  A
 * recursion shows as one line and a count. */
static void print_callers(const struct stack_frame *frame)
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

static void print_backtrace(uintptr_t eip, const struct stack_frame *frame)
{
    char text[SYMBOL_TEXT_BYTES];

    print("backtrace:\n  %#010lx %s\n", (unsigned long)eip,
          symbol_text(text, sizeof text, eip));
    print_callers(frame);
}

static bool in_stack_guard(uintptr_t address)
{
    return address >= (uintptr_t)stack_guard_begin &&
           address < (uintptr_t)stack_guard_end;
}

static void print_address(uintptr_t address)
{
    if (address < PAGE_BYTES)
        print("%#010lx lies in the first page: a null pointer, or a field of "
              "one\n", (unsigned long)address);
    else if (in_stack_guard(address))
        print("%#010lx is the guard page below the stack: the stack is "
              "full\n", (unsigned long)address);
    else if (address < direct_map.base)
        print("%#010lx lies below the kernel, where nothing is mapped: a "
              "physical address used as a pointer?\n",
              (unsigned long)address);
    else if (describe_address)
        describe_address(address);
}

static void print_page_fault(uint32_t error, uintptr_t address)
{
    const char *did = error & FAULT_FETCH   ? "ran code at"
                      : error & FAULT_WRITE ? "wrote"
                                            : "read";
    const char *why = error & FAULT_RESERVED  ? "a reserved bit is set in a "
                                                "table"
                      : error & FAULT_PRESENT ? "the page does not allow that"
                                              : "the page is not mapped";

    print("%s %#010lx: %s (error code %#x)\n", did, (unsigned long)address,
          why, error);
}

static void print_registers(const struct trap_frame *frame)
{
    /* Within ring 0 the processor pushes no esp: it was just above. */
    uintptr_t esp = (uintptr_t)(frame + 1);

    print("eax %08x  ebx %08x  ecx %08x  edx %08x\n", frame->eax, frame->ebx,
          frame->ecx, frame->edx);
    print("esi %08x  edi %08x  ebp %08x  esp %08lx\n", frame->esi, frame->edi,
          frame->ebp, (unsigned long)esp);
    print("eip %08x  eflags %08x  cr3 %08x\n", frame->eip, frame->eflags,
          read_cr3());
}

_Noreturn void report_trap(const struct trap_frame *frame)
{
    char where[SYMBOL_TEXT_BYTES], cause[MESSAGE_BYTES];
    const char *name = trap_name(frame->vector);
    uint32_t address = read_cr2();

    symbol_text(where, sizeof where, frame->eip);
    format_text(cause, sizeof cause, "%s in %s", name ? name : "trap", where);
    begin(cause);
    if (frame->vector == TRAP_PAGE_FAULT) {
        print_page_fault(frame->error_code, address);
        print_address(address);
    } else if (frame->error_code) {
        print("error code %#x\n", frame->error_code);
    }
    print_registers(frame);
    print_backtrace(frame->eip,
                    (const struct stack_frame *)(uintptr_t)frame->ebp);
    end();
}

_Noreturn void report_double_fault(void)
{
    const struct task_state *task = segments_main_task();
    char where[SYMBOL_TEXT_BYTES], cause[MESSAGE_BYTES];

    symbol_text(where, sizeof where, task->eip);
    format_text(cause, sizeof cause, "%s in %s",
                in_stack_guard(read_cr2()) ? "stack overflow (double fault)"
                                           : "double fault", where);
    begin(cause);
    print_address(read_cr2());
    print("eip %08x  esp %08x  ebp %08x  cr2 %08x\n", task->eip, task->esp,
          task->ebp, read_cr2());
    print_backtrace(task->eip,
                    (const struct stack_frame *)(uintptr_t)task->ebp);
    end();
}

_Noreturn void panic(const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list arguments;
    const struct stack_frame *frame = __builtin_frame_address(0);

    va_start(arguments, format);
    vformat_text(message, sizeof message, format, arguments);
    va_end(arguments);
    begin(message);
    print("backtrace:\n");
    print_callers(frame);
    end();
}
