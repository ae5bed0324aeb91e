/* SPDX-License-Identifier: MIT */
/* IDT, interrupts, exceptions. */
#include "arch/i386/traps.h"

#include "arch/i386/cpu.h"
#include "arch/i386/probe.h"
#include "arch/i386/report.h"
#include "arch/i386/segments.h"
#include "arch/i386/table_register.h"
#include "arch/i386/trap_frame.h"
#include "lib/print.h"

#define STUB_BYTES 16u /* traps_stubs.S aligns each stub to this */

/* The two interrupt controllers, 8259A; the second is an input of the first. */
enum pic {
    PIC_FIRST_COMMAND = 0x20,
    PIC_FIRST_DATA = 0x21,
    PIC_SECOND_COMMAND = 0xA0,
    PIC_SECOND_DATA = 0xA1,
    PIC_INIT_WITH_4 = 0x11,   /* initialise; a fourth word follows */
    PIC_SECOND_ON_LINE_2 = 4, /* as a bit mask, for the first */
    PIC_IS_ON_LINE_2 = 2,     /* as a number, for the second */
    PIC_8086_MODE = 1,
    PIC_END_OF_INTERRUPT = 0x20,
};

enum gate_type {
    GATE_INTERRUPT = 0x8E, /* present, ring 0, interrupts off inside */
    GATE_TASK = 0x85,      /* present, ring 0, switch to another task */
};

struct gate {
    uint16_t offset_low;
    uint16_t selector;
    uint8_t zero;
    uint8_t type;
    uint16_t offset_high;
};

#define T1 "T1: the processor uses the kernel's IDT"
#define T2 "T2: each gate of the IDT leads to the stub of its vector"

extern const char trap_stubs[]; /* traps_stubs.S */
void trap_handle(struct trap_frame *frame);

static struct gate gates[TRAP_VECTORS];

static struct gate gate(uint32_t offset, uint16_t selector, enum gate_type type)
{
    return (struct gate){ (uint16_t)offset, selector, 0, (uint8_t)type,
                          (uint16_t)(offset >> 16) };
}

/* Interrupt lines start at vector 32: where the firmware put them they would
 * look like exceptions.  The lines' mask has a 1 for "held back". */
static void init_controllers(uint16_t open_lines)
{
    outb(PIC_FIRST_COMMAND, PIC_INIT_WITH_4);
    outb(PIC_FIRST_DATA, IRQ_FIRST);
    outb(PIC_FIRST_DATA, PIC_SECOND_ON_LINE_2);
    outb(PIC_FIRST_DATA, PIC_8086_MODE);
    outb(PIC_SECOND_COMMAND, PIC_INIT_WITH_4);
    outb(PIC_SECOND_DATA, IRQ_FIRST + 8);
    outb(PIC_SECOND_DATA, PIC_IS_ON_LINE_2);
    outb(PIC_SECOND_DATA, PIC_8086_MODE);
    outb(PIC_FIRST_DATA, (uint8_t)~open_lines);
    outb(PIC_SECOND_DATA, (uint8_t)(~open_lines >> 8));
}

/* The gate that a vector has to have. */
static struct gate gate_for(unsigned vector)
{
    uint32_t stub = (uint32_t)(uintptr_t)trap_stubs + vector * STUB_BYTES;

    if (vector == TRAP_DOUBLE_FAULT)
        return gate(0, DOUBLE_FAULT_TASK, GATE_TASK);
    return gate(stub, CODE_SELECTOR, GATE_INTERRUPT);
}

void traps_init(void)
{
    const struct table_register idtr = { sizeof gates - 1,
                                         (uint32_t)(uintptr_t)gates };

    for (unsigned vector = 0; vector < TRAP_VECTORS; vector++)
        gates[vector] = gate_for(vector);
    init_controllers(1 << (IRQ_KEYBOARD - IRQ_FIRST) |
                     1 << (IRQ_SERIAL - IRQ_FIRST));
    __asm__ volatile("lidt %0" : : "m"(idtr));
}

struct violation traps_check(void)
{
    struct table_register idtr;

    __asm__ volatile("sidt %0" : "=m"(idtr));
    if (idtr.base != (uint32_t)(uintptr_t)gates)
        return (struct violation){ T1, (uintptr_t)gates, (uintptr_t)gates,
                                   idtr.base };
    for (unsigned vector = 0; vector < TRAP_VECTORS; vector++) {
        struct gate expected = gate_for(vector);
        struct violation violation =
            words_differ(T2, &gates[vector], &expected, sizeof expected);

        if (!is_sound(violation))
            return violation;
    }
    return SOUND;
}

/* An interrupt does nothing here: its purpose was to end the hlt in
 * wait_for_interrupt(), and who waits there looks for what has come. */
static void end_interrupt(uint32_t vector)
{
    if (vector >= IRQ_FIRST + 8)
        outb(PIC_SECOND_COMMAND, PIC_END_OF_INTERRUPT);
    outb(PIC_FIRST_COMMAND, PIC_END_OF_INTERRUPT);
}

/* Called by every stub. */
void trap_handle(struct trap_frame *frame)
{
    if (frame->vector >= IRQ_FIRST)
        end_interrupt(frame->vector);
    else if (frame->vector != TRAP_PAGE_FAULT || !probe_catch(frame))
        report_trap(frame);
}
