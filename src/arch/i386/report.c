/* SPDX-License-Identifier: MIT */
/* Every way in which the kernel ends comes through here.
 *
 *     cause, registers, backtrace     sure: they trust nothing but the
 *        |                            processor and the stack
 *     page tables, owner              a look at what may be damaged
 *        |
 *     where to look next
 *
 * A fault in the look ends the look, and the report goes on behind it.  A
 * fault in what is sure ends the machine, instead of printing for ever.
 * Nothing here allocates.
 */
#include "arch/i386/report.h"

#include "arch/i386/arch.h"
#include "arch/i386/backtrace.h"
#include "arch/i386/console.h"
#include "arch/i386/cpu.h"
#include "arch/i386/image.h"
#include "arch/i386/segments.h"
#include "arch/i386/symbols.h"
#include "arch/i386/vga.h"
#include "arch/i386/walk.h"
#include "lib/addr.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "lib/record.h"
#include "lib/stage.h"

#include <stdarg.h>
#include <stdbool.h>

#define MESSAGE_BYTES 256
#define NEAR_BYTES    64u /* a field of a small struct */

/* Bits of a page fault's error code (Intel SDM volume 3, 4.7). */
enum fault_bit {
    FAULT_PRESENT = 1,
    FAULT_WRITE = 2,
    FAULT_USER = 4,
    FAULT_RESERVED = 8,
    FAULT_FETCH = 16,
};

enum progress {
    QUIET,   /* nothing has happened yet */
    SURE,    /* printing what cannot fail */
    LOOKING, /* at structures that may be damaged */
    LEAVING, /* the last line */
};

static struct report_describers describers;
static enum progress progress;
static const char *entrance; /* the function that reports: break there */
static uintptr_t looked_at;  /* the address that LOOKING is about */
static bool heap_damaged;    /* so LOOKING has found */
static struct record record; /* too large for the double fault's stack */

void report_use_describers(struct report_describers given)
{
    describers = given;
}

/* How to come to this place again, with a debugger in hand, and what to ask
 * there. */
static _Noreturn void report_leave(void)
{
    progress = LEAVING;
    print("The kernel has stopped.  To look around: make debug, then\n"
          "  break %s\n  continue\n",
          entrance);
    if (looked_at)
        print("  mallow owner 0x%08lx   what is that?\n",
              (unsigned long)looked_at);
    if (panic_place)
        print("  mallow writer 0x%08lx  who has written there?\n",
              (unsigned long)panic_place);
    if (heap_damaged)
        print("  mallow first              since when is the heap damaged?\n");
    if (!looked_at && !panic_place && !heap_damaged)
        print("  backtrace\n");
    cpu_exit(EXIT_PANIC);
}

static void begin(const char *cause, const char *reporter)
{
    if (progress == LOOKING) {
        print("  (%s while looking: what is there cannot be trusted)\n", cause);
        report_leave();
    }
    if (progress != QUIET) {
        print("\nfault while reporting a fault: %s\n", cause);
        cpu_exit(EXIT_PANIC);
    }
    progress = SURE;
    entrance = reporter;
    interrupts_off();
    vga_picture_end();
    print("\n*** PANIC: %s\n", cause);
    record_begin(&record, "panic");
    record_text(&record, "cause", cause);
    console_record(record.text);
}

/* What may be damaged: the page tables and, as main knows it, the heap. */
static void look_at(uintptr_t address)
{
    progress = LOOKING;
    looked_at = address;
    print("pages:\n");
    walk_print(address);
    if (address >= PAGE_BYTES && address < direct_map.bytes) {
        print("if it was meant as physical: ");
        address += (uint32_t)direct_map.base;
    }
    if (address >= direct_map.base && describers.address)
        describers.address(address);
}

/* The wild pointer in a block's first words: there it stands, and somebody has
 * written it. */
static void look_for(uintptr_t pointer, uintptr_t block)
{
    const uintptr_t *word = (const uintptr_t *)align_down(block, sizeof *word);

    for (size_t i = 0; pointer != 0 && i < NEAR_BYTES / sizeof *word; i++) {
        if (word[i] != pointer)
            continue;
        panic_place = (uintptr_t)&word[i];
        print("  0x%08lx holds the address that was used\n",
              (unsigned long)panic_place);
        return;
    }
}

/* Whoever uses a wild pointer has often got it from a block, and still holds
 * the block's address. */
static void look_at_registers(const struct trap_frame *frame,
                              uintptr_t wild_pointer)
{
    const struct {
        const char *name;
        uint32_t value;
    } registers[] = {
        { "eax", frame->eax }, { "ebx", frame->ebx }, { "ecx", frame->ecx },
        { "edx", frame->edx }, { "esi", frame->esi }, { "edi", frame->edi },
    };

    progress = LOOKING;
    for (unsigned i = 0; i < sizeof registers / sizeof *registers; i++) {
        if (describers.heap_address &&
            describers.heap_address(registers[i].name, registers[i].value))
            look_for(wild_pointer, registers[i].value);
    }
}

/* A wild pointer or a failed assertion is often the second thing that went
 * wrong. */
static void look_at_heap(void)
{
    progress = LOOKING;
    heap_damaged = describers.heap_damage && describers.heap_damage();
}

static void print_backtrace(uintptr_t eip, const struct stack_frame *frame)
{
    char text[SYMBOL_TEXT_BYTES];

    print("backtrace:\n  0x%08lx %s\n", (unsigned long)eip,
          symbol_text(text, sizeof text, eip));
    backtrace_print(frame);
}

static bool in_stack_guard(uintptr_t address)
{
    return address >= (uintptr_t)stack_guard_begin &&
           address < (uintptr_t)stack_guard_end;
}

static bool in_constants(uintptr_t address)
{
    return address >= (uintptr_t)text_begin && address < (uintptr_t)rodata_end;
}

static bool is_text(uint32_t word)
{
    for (; word != 0; word >>= 8) {
        if ((word & 0xFF) < ' ' || (word & 0xFF) > '~')
            return false;
    }
    return true;
}

/* What can be told from the address alone. */
static void print_place(uintptr_t address)
{
    const char *what = NULL;

    if (address - (uintptr_t)NOT_WRITTEN < NEAR_BYTES)
        what = "is what a function answers that is not written yet";
    else if (address < PAGE_BYTES)
        what = "lies in the first page: a null pointer, or a field of one";
    else if (in_stack_guard(address))
        what = "is the guard page below the stack: the stack is full";
    else if (in_constants(address))
        what = "lies in the kernel's code or constants: nobody may write there";
    else if (is_text((uint32_t)address) && address > direct_map.bytes)
        what = "reads as text: were characters written over a pointer?";
    else if (address < direct_map.base)
        what = "lies below the kernel, where nothing is mapped:\n"
               "  a physical address used as a pointer?";
    if (what)
        print("0x%08lx %s\n", (unsigned long)address, what);
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

    print("%s 0x%08lx: %s (error code %#x)\n", did, (unsigned long)address, why,
          error);
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
    begin(cause, "report_trap");
    if (frame->vector == TRAP_PAGE_FAULT) {
        print_page_fault(frame->error_code, address);
        print_place(address);
    } else if (frame->error_code) {
        print("error code %#x\n", frame->error_code);
    }
    print_registers(frame);
    print_backtrace(frame->eip,
                    (const struct stack_frame *)(uintptr_t)frame->ebp);
    if (frame->vector == TRAP_PAGE_FAULT)
        look_at(address);
    look_at_registers(frame, frame->vector == TRAP_PAGE_FAULT ? address : 0);
    look_at_heap();
    report_leave();
}

_Noreturn void report_double_fault(void)
{
    const struct task_state *task = segments_main_task();
    char where[SYMBOL_TEXT_BYTES], cause[MESSAGE_BYTES];

    symbol_text(where, sizeof where, task->eip);
    format_text(cause, sizeof cause, "%s in %s",
                in_stack_guard(read_cr2()) ? "stack overflow (double fault)"
                                           : "double fault",
                where);
    begin(cause, "report_double_fault");
    print_place(read_cr2());
    print("eip %08x  esp %08x  ebp %08x  cr2 %08x\n", task->eip, task->esp,
          task->ebp, read_cr2());
    print_backtrace(task->eip,
                    (const struct stack_frame *)(uintptr_t)task->ebp);
    report_leave();
}

_Noreturn void panic(const char *format, ...)
{
    char message[MESSAGE_BYTES];
    va_list arguments;
    const struct stack_frame *frame = __builtin_frame_address(0);

    va_start(arguments, format);
    vformat_text(message, sizeof message, format, arguments);
    va_end(arguments);
    begin(message, "panic");
    print("backtrace:\n");
    backtrace_print(frame);
    look_at_heap();
    report_leave();
}
