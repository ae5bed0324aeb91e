/* SPDX-License-Identifier: MIT */
/* GDT and the two task segments. */
#include "arch/i386/segments.h"

#include "arch/i386/cpu.h"

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

struct table_register {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));

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

static void prepare_double_fault_task(void)
{
    double_fault_task = (struct task_state){
        .cr3 = read_cr3(),
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

    prepare_double_fault_task();
    main_task.io_map = sizeof(struct task_state);
    descriptors[CODE_SELECTOR / 8] =
        descriptor(0, WHOLE_MEMORY_PAGES, ACCESS_CODE, FLAGS_PAGES_32);
    descriptors[DATA_SELECTOR / 8] =
        descriptor(0, WHOLE_MEMORY_PAGES, ACCESS_DATA, FLAGS_PAGES_32);
    descriptors[MAIN_TASK / 8] = task_descriptor(&main_task);
    descriptors[DOUBLE_FAULT_TASK / 8] = task_descriptor(&double_fault_task);
    load(&gdtr);
}

void segments_set_directory(phys_t directory)
{
    double_fault_task.cr3 = directory.addr;
}

const struct task_state *segments_main_task(void)
{
    return &main_task;
}
