/* SPDX-License-Identifier: MIT */
/* GDT and the two task segments. */
#include "arch/i386/segments.h"

#include "arch/i386/cpu.h"
#include "arch/i386/table_register.h"

#include <stdbool.h>

#define DESCRIPTORS 5

/* A descriptor's pieces lie scattered for the sake of the 80286 (Intel SDM
 * volume 3, 3.4.5):
 *
 *     63    56 55  52 51   48 47    40 39          16 15        0
 *     | base | flags | limit | access |     base     |   limit   |
 */
enum descriptor_access {
    ACCESS_CODE = 0x9A, /* present, ring 0, code, readable */
    ACCESS_DATA = 0x92, /* present, ring 0, data, writable */
    ACCESS_TASK = 0x89, /* present, ring 0, 32-bit task, available */
};

enum descriptor_flags {
    FLAGS_BYTES = 0x0,    /* the limit counts bytes */
    FLAGS_PAGES_32 = 0xC, /* the limit counts pages; 32-bit segment */
};

#define WHOLE_MEMORY_PAGES 0xFFFFFu
#define EFLAGS_RESERVED    0x2u /* always set */

/* Bits of a descriptor that the processor sets: it has loaded a segment; a task
 * runs, or is to be returned to. */
#define DESCRIPTOR_ACCESSED (1ull << 40)
#define DESCRIPTOR_BUSY     (1ull << 41)

#define S1 "S1: the processor uses the kernel's GDT"
#define S2 "S2: the descriptors of the GDT are as segments_init() made them"
#define S3 "S3: the double-fault task is ready to run"

struct task_state main_task;

static uint64_t descriptors[DESCRIPTORS];
static struct task_state double_fault_task;
static uint8_t double_fault_stack[DOUBLE_FAULT_STACK_BYTES]
    __attribute__((aligned(16)));

static uint64_t descriptor(uint32_t base, uint32_t limit,
                           enum descriptor_access access,
                           enum descriptor_flags flags)
{
    return (limit & 0xFFFFu) | (uint64_t)(base & 0xFFFFFFu) << 16 |
           (uint64_t)access << 40 | (uint64_t)(limit >> 16 & 0xFu) << 48 |
           (uint64_t)flags << 52 | (uint64_t)(base >> 24) << 56;
}

/* traps_stubs.S */
void double_fault_entry(void);

static uint64_t task_descriptor(const struct task_state *task)
{
    return descriptor((uint32_t)(uintptr_t)task, sizeof *task - 1, ACCESS_TASK,
                      FLAGS_BYTES);
}

/* The state from which the double-fault task starts. */
static struct task_state double_fault_start(phys_t directory)
{
    return (struct task_state){
        .cr3 = directory.addr,
        .eip = (uint32_t)(uintptr_t)double_fault_entry,
        .eflags = EFLAGS_RESERVED,
        .esp =
            (uint32_t)(uintptr_t)double_fault_stack + DOUBLE_FAULT_STACK_BYTES,
        .es = DATA_SELECTOR,
        .cs = CODE_SELECTOR,
        .ss = DATA_SELECTOR,
        .ds = DATA_SELECTOR,
        .fs = DATA_SELECTOR,
        .gs = DATA_SELECTOR,
        .io_map = sizeof(struct task_state), /* beyond the end: no map */
    };
}

/* The descriptor that a selector has to lead to. */
static uint64_t descriptor_for(unsigned selector)
{
    switch (selector) {
    case CODE_SELECTOR:
        return descriptor(0, WHOLE_MEMORY_PAGES, ACCESS_CODE, FLAGS_PAGES_32);
    case DATA_SELECTOR:
        return descriptor(0, WHOLE_MEMORY_PAGES, ACCESS_DATA, FLAGS_PAGES_32);
    case MAIN_TASK:
        return task_descriptor(&main_task);
    case DOUBLE_FAULT_TASK:
        return task_descriptor(&double_fault_task);
    default:
        return 0;
    }
}

/* The far jump is the only way to load cs. */
static void load(const struct table_register *gdtr)
{
    __asm__ volatile("lgdt %0\n\t"
                     "ljmp %1, $1f\n"
                     "1:\n\t"
                     "movl %2, %%ds\n\t"
                     "movl %2, %%es\n\t"
                     "movl %2, %%fs\n\t"
                     "movl %2, %%gs\n\t"
                     "movl %2, %%ss\n\t"
                     "ltr %w3"
                     :
                     : "m"(*gdtr), "i"(CODE_SELECTOR), "r"(DATA_SELECTOR),
                       "r"(MAIN_TASK)
                     : "memory");
}

void segments_init(void)
{
    const struct table_register gdtr = { sizeof descriptors - 1,
                                         (uint32_t)(uintptr_t)descriptors };

    double_fault_task = double_fault_start((phys_t){ read_cr3() });
    main_task.io_map = sizeof(struct task_state);
    for (unsigned i = 0; i < DESCRIPTORS; i++)
        descriptors[i] = descriptor_for(i * 8);
    load(&gdtr);
}

/* The selector of the task that runs. */
static unsigned running_task(void)
{
    uint32_t selector;

    __asm__ volatile("str %0" : "=r"(selector));
    return selector & 0xFFFFu;
}

static struct violation check_descriptor(unsigned selector)
{
    bool is_task = selector == MAIN_TASK || selector == DOUBLE_FAULT_TASK;
    uint64_t own = is_task         ? DESCRIPTOR_BUSY
                   : selector != 0 ? DESCRIPTOR_ACCESSED
                                   : 0;
    uint64_t *place = &descriptors[selector / 8];
    uint64_t found = *place & ~own, expected = descriptor_for(selector) & ~own;
    struct violation violation =
        words_differ(S2, &found, &expected, sizeof found);

    if (!is_sound(violation)) /* from the copy to the table */
        violation.address += (uintptr_t)place - (uintptr_t)&found;
    return violation;
}

struct violation segments_check(void)
{
    struct task_state ready =
        double_fault_start((phys_t){ double_fault_task.cr3 });
    struct table_register gdtr;

    __asm__ volatile("sgdt %0" : "=m"(gdtr));
    if (gdtr.base != (uint32_t)(uintptr_t)descriptors)
        return (struct violation){ S1, (uintptr_t)descriptors,
                                   (uintptr_t)descriptors, gdtr.base };
    for (unsigned i = 0; i < DESCRIPTORS; i++) {
        struct violation violation = check_descriptor(i * 8);

        if (!is_sound(violation))
            return violation;
    }
    if (running_task() == DOUBLE_FAULT_TASK)
        return SOUND;
    if (double_fault_task.cr3 != read_cr3())
        return (struct violation){ S3, (uintptr_t)&double_fault_task.cr3,
                                   read_cr3(), double_fault_task.cr3 };
    return words_differ(S3, &double_fault_task, &ready, sizeof ready);
}

void segments_set_directory(phys_t directory)
{
    double_fault_task.cr3 = directory.addr;
}

const struct task_state *segments_main_task(void)
{
    return &main_task;
}
