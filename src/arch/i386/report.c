/* SPDX-License-Identifier: MIT */
/* Every failure of the kernel ends here.
 *
 *     cause, registers, backtrace     sure: they trust nothing but the
 *        |                            processor and the stack
 *     page tables, owner, IDT, GDT    a look at what may be damaged
 *        |
 *     where to look next
 *
 * A fault in the second part ends that part, and the report continues after
 * it.  A fault in the first part ends the machine, instead of printing for
 * ever.  Nothing here allocates.
 */
#include "arch/i386/report.h"

#include "arch/i386/advice.h"
#include "arch/i386/arch.h"
#include "arch/i386/backtrace.h"
#include "arch/i386/console.h"
#include "arch/i386/cpu.h"
#include "arch/i386/image.h"
#include "arch/i386/place.h"
#include "arch/i386/segments.h"
#include "arch/i386/symbols.h"
#include "arch/i386/vga.h"
#include "arch/i386/walk.h"
#include "lib/addr.h"
#include "lib/panic.h"
#include "lib/poison.h"
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
};

/* The error code of other faults (Intel SDM volume 3, 6.13). */
enum error_bit {
    ERROR_IDT = 2,
    ERROR_LDT = 4,
    ERROR_INDEX_SHIFT = 3,
    ERROR_INDEX_MASK = 0x1FFF,
};

enum progress {
    QUIET,   /* nothing has happened yet */
    SURE,    /* printing what cannot fail */
    LOOKING, /* at structures that may be damaged */
    LEAVING, /* the last line */
};

static struct report_describers describers;
static enum progress progress;
static struct advice advice; /* what has been found out so far */
static struct record record; /* too large for the double fault's stack */

void report_use_describers(struct report_describers given)
{
    describers = given;
}

static _Noreturn void report_leave(void)
{
    progress = LEAVING;
    if (!advice.place)
        advice.place = panic_place;
    advice_print(&advice);
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
    advice.entrance = reporter;
    interrupts_off();
    vga_picture_end();
    print("\n*** PANIC: %s\n", cause);
    record_begin(&record, "panic");
    record_text(&record, "cause", cause);
    console_record(record.text);
}

/* A page that must be mapped and is not: its entry was overwritten. */
static void look_at_entry(uintptr_t address)
{
    const page_entry_t *entry = walk_entry(address);

    if (!entry || !describers.must_be_mapped ||
        !describers.must_be_mapped(address))
        return;
    advice.place = (uintptr_t)entry;
    advice.place_question = "who has written that entry?";
    print("  the entry at 0x%08lx is wrong: there is memory for this page\n",
          (unsigned long)advice.place);
}

/* Prints where `address` is.  The page tables and the heap may be damaged. */
static void look_at(uintptr_t address)
{
    progress = LOOKING;
    advice.address = address;
    print("pages:\n");
    walk_print(address);
    look_at_entry(address);
    if (address >= PAGE_BYTES && address < direct_map.bytes) {
        print("if it was meant as physical: ");
        address += (uint32_t)direct_map.base;
    }
    if (address >= direct_map.base && describers.address)
        describers.address(address);
}

/* Looks for the wild pointer in a block's first words.  The word that holds it
 * is wrong, and a watchpoint on it finds the code that writes it. */
static void look_for(uintptr_t pointer, uintptr_t block)
{
    const uintptr_t *word = (const uintptr_t *)align_down(block, sizeof *word);

    for (size_t i = 0; pointer != 0 && i < NEAR_BYTES / sizeof *word; i++) {
        if (word[i] != pointer)
            continue;
        advice.place = (uintptr_t)&word[i];
        print("  0x%08lx holds the address that was used\n",
              (unsigned long)advice.place);
        return;
    }
}

/* Code that uses a wild pointer has often read it from a block; the block's
 * address is often still in a register. */
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
        const char *poison = poison_name(registers[i].value);

        if (poison && registers[i].value != wild_pointer)
            print("%s: 0x%08x %s\n", registers[i].name, registers[i].value,
                  poison);
        if (describers.heap_address &&
            describers.heap_address(registers[i].name, registers[i].value))
            look_for(wild_pointer, registers[i].value);
    }
}

/* Or it is in a variable of the function, on the stack from esp on. */
static void look_at_variables(uintptr_t esp, uintptr_t wild_pointer)
{
    const uintptr_t *word = (const uintptr_t *)esp;

    if (esp < (uintptr_t)stack_guard_end || wild_pointer < PAGE_BYTES)
        return;
    for (; esp + NEAR_BYTES > (uintptr_t)word && !advice.place &&
           word < (const uintptr_t *)stack_end;
         word++) {
        if (describers.heap_address && describers.heap_address("stack", *word))
            look_for(wild_pointer, *word);
    }
}

/* A wild pointer or a failed assertion is often the result of earlier damage.
 * In the middle of a call the heap's check proves nothing. */
static void look_at_heap(void)
{
    progress = LOOKING;
    advice.in_call = describers.heap_call && describers.heap_call();
    if (!advice.in_call)
        advice.heap_damaged =
            describers.heap_damage && describers.heap_damage();
}

/* The processor's own tables, for a trap that reached the wrong handler. */
static void look_at_tables(void)
{
    struct violation violation = SOUND;

    progress = LOOKING;
    if (describers.tables)
        violation = describers.tables();
    if (is_sound(violation))
        return;
    print("%s\n  at 0x%08lx: expected %#lx, found %#lx\n", violation.invariant,
          (unsigned long)violation.address, (unsigned long)violation.expected,
          (unsigned long)violation.found);
    advice.place = violation.address;
    advice.place_question = NULL;
}

/* If the frames do not lead to the first function, a stray write has cut the
 * chain; then the words on the stack are printed. */
static void print_backtrace(uintptr_t eip, uintptr_t ebp, uintptr_t esp)
{
    char text[SYMBOL_TEXT_BYTES];

    print("backtrace:\n  0x%08lx %s\n", (unsigned long)eip,
          symbol_text(text, sizeof text, eip));
    if (!backtrace_print((const struct stack_frame *)ebp) ||
        !place_is_code(eip))
        backtrace_print_words(esp);
}

/* `eip` is where the processor was.  An i386 does not report whether a fault
 * was a fetch or a read: an access to the current instruction was the fetch. */
static void print_page_fault(uint32_t error, uintptr_t address, uintptr_t eip)
{
    const char *did = address == eip        ? "ran code at"
                      : error & FAULT_WRITE ? "wrote"
                                            : "read";
    const char *why = error & FAULT_RESERVED  ? "a reserved bit is set in a "
                                                "table"
                      : error & FAULT_PRESENT ? "the page does not allow that"
                                              : "the page is not mapped";

    print("%s 0x%08lx: %s (error code %#x)\n", did, (unsigned long)address, why,
          error);
}

/* Faults about a segment or a gate say which one (Intel SDM volume 3, 6.13). */
static void print_error_code(uint32_t error)
{
    unsigned number = error >> ERROR_INDEX_SHIFT & ERROR_INDEX_MASK;
    char name[SYMBOL_TEXT_BYTES];

    if (error == 0)
        return;
    if (error & ERROR_IDT)
        format_text(name, sizeof name, "gate %u of the IDT", number);
    else
        format_text(name, sizeof name, "descriptor %u of the %s", number,
                    error & ERROR_LDT ? "LDT" : "GDT");
    print("error code %#x: %s\n", error, name);
}

/* Within ring 0 the processor pushes no esp: it was just above. */
static uintptr_t esp_before(const struct trap_frame *frame)
{
    return (uintptr_t)(&frame->eflags + 1);
}

static void print_registers(const struct trap_frame *frame)
{
    print("eax %08x  ebx %08x  ecx %08x  edx %08x\n", frame->eax, frame->ebx,
          frame->ecx, frame->edx);
    print("esi %08x  edi %08x  ebp %08x  esp %08lx\n", frame->esi, frame->edi,
          frame->ebp, (unsigned long)esp_before(frame));
    print("eip %08x  eflags %08x  cr3 %08x\n", frame->eip, frame->eflags,
          read_cr3());
}

/* A pointer to a function may be in a variable of the kernel's. */
static void look_for_in_variables(uintptr_t pointer)
{
    const uintptr_t *end = (const uintptr_t *)stack_guard_begin;

    for (const uintptr_t *word =
             (const uintptr_t *)align_up((uintptr_t)rodata_end, sizeof *word);
         word < end && pointer != 0; word++) {
        if (*word != pointer ||
            (uintptr_t)word - (uintptr_t)&advice < sizeof advice)
            continue; /* not the report's own note of the address */
        advice.place = (uintptr_t)word;
        print("0x%08lx, a variable of the kernel, holds that pointer\n",
              (unsigned long)advice.place);
        return;
    }
}

/* A function takes its caller's ebp from the stack before it returns. */
static void look_at_frame(const struct trap_frame *frame)
{
    if (frame->ebp != 0 && !place_is_on_stack(frame->ebp) &&
        place_is_code(frame->eip))
        print("ebp 0x%08x is not in the stack: a function called from here has "
              "written\n  over the ebp that it had saved, past an array of "
              "its own\n",
              frame->ebp);
}

/* The processor ran an address without code.  A call through a bad pointer has
 * left its return address at esp.  If there is none, a ret took the bad address
 * from the word below, which the trap has overwritten since. */
static void look_at_jump(uintptr_t eip, uintptr_t esp)
{
    char text[SYMBOL_TEXT_BYTES];

    progress = LOOKING;
    if (place_is_code(eip))
        return;
    if (place_follows_call(esp)) {
        print("a call through a pointer led there, in %s\n",
              caller_text(text, sizeof text, *(const uintptr_t *)esp));
        look_for_in_variables(eip);
        return;
    }
    if (!place_is_on_stack(esp)) {
        print("esp is not in the kernel's stack: a task began there; what its\n"
              "  state in memory says is wrong (segments.c)\n");
        return;
    }
    advice.place = esp - sizeof(uintptr_t);
    advice.value = eip;
    advice.place_question = "who has written that return address?";
    print("a ret took that address from the stack, at 0x%08lx\n",
          (unsigned long)advice.place);
}

_Noreturn void report_trap(const struct trap_frame *frame)
{
    char where[SYMBOL_TEXT_BYTES], cause[MESSAGE_BYTES];
    const char *name = trap_name(frame->vector);
    bool page_fault = frame->vector == TRAP_PAGE_FAULT;
    uint32_t address = read_cr2();
    uintptr_t esp = esp_before(frame);

    symbol_text(where, sizeof where, frame->eip);
    format_text(cause, sizeof cause, "%s in %s", name ? name : "trap", where);
    begin(cause, "report_trap");
    if (page_fault) {
        print_page_fault(frame->error_code, address, frame->eip);
        place_print(address, esp);
    } else {
        print_error_code(frame->error_code);
    }
    print_registers(frame);
    print_backtrace(frame->eip, frame->ebp, esp);
    look_at_frame(frame);
    if (page_fault)
        look_at(address);
    look_at_jump(frame->eip, esp);
    look_at_registers(frame, page_fault ? address : 0);
    look_at_variables(esp, page_fault ? address : 0);
    look_at_heap();
    look_at_tables();
    report_leave();
}

_Noreturn void report_double_fault(void)
{
    const struct task_state *task = segments_main_task();
    char where[SYMBOL_TEXT_BYTES], cause[MESSAGE_BYTES];

    symbol_text(where, sizeof where, task->eip);
    format_text(cause, sizeof cause, "%s in %s",
                place_stack_is_full(task->esp) ? "stack overflow (double fault)"
                                               : "double fault",
                where);
    begin(cause, "report_double_fault");
    place_print(read_cr2(), task->esp);
    print("eip %08x  esp %08x  ebp %08x  cr2 %08x\n", task->eip, task->esp,
          task->ebp, read_cr2());
    print_backtrace(task->eip, task->ebp, task->esp);
    if (!place_stack_is_full(task->esp))
        look_at_tables();
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
    look_at_tables();
    report_leave();
}
