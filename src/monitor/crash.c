/* SPDX-License-Identifier: MIT */
/* Faults on request. */
#include "monitor/crash.h"

#include "lib/addr.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/heap/heap.h"

#include <stdint.h>

/* Through a volatile pointer, so that the compiler cannot see what we are up
 * to and refuse. */
static void write_to(uintptr_t address)
{
    volatile uintptr_t target = address;

    *(volatile uint32_t *)target = 0;
}

static void crash_null(void)
{
    write_to(offsetof(
        struct { uint32_t field[4]; }, field[3]));
}

static void crash_text(void)
{
    write_to((uintptr_t)crash_null);
}

static void crash_physical(void)
{
    write_to(virt_to_phys((const void *)crash_null).addr);
}

/* Deeper than any stack; volatile, or the compiler objects to a recursion
 * that cannot end well. */
static volatile uint32_t bottom = UINT32_MAX;

static uint32_t descend(uint32_t depth)
{
    volatile uint8_t room[256];

    room[0] = (uint8_t)depth;
    return depth == bottom ? 0 : descend(depth + 1) + room[0];
}

static void crash_stack(void)
{
    print("%u\n", descend(0));
}

static volatile uint32_t nothing; /* stays 0, which no analyser may know */

static void crash_divide(void)
{
    print("%u\n", bottom / nothing);
}

static void crash_opcode(void)
{
    __asm__ volatile("ud2");
}

static void crash_assert(void)
{
    volatile uint32_t found = 3;

    ASSERT_EQ(found, 4);
}

static void *take_block(size_t bytes)
{
    void *block = kmalloc(bytes);

    if (block == NULL)
        panic("no heap to take a block of %zu bytes from", bytes);
    return block;
}

/* Writes one word more than the block has: into the memory after it. */
static void crash_overflow(void)
{
    static const char word[] = "and so it runs on and on";
    char *block = take_block(sizeof word / 2);
    struct violation violation;

    take_block(1);
    memcpy(block + kmalloc_size(block), word, sizeof word / 2);
    violation = heap_check();
    if (!is_sound(violation))
        panic("%s, at %#lx", violation.invariant,
              (unsigned long)violation.address);
    panic("a block has overflowed and no check has noticed");
}

/* One byte past the end: the allocator rounds up, and does not see it. */
static void crash_byte(void)
{
    char *block = take_block(13);

    block[13] = 'x';
    kfree(block);
    panic("a byte past the end of a block was not noticed");
}

/* Two take a block for theirs; what one writes is the other's pointer. */
static void crash_stale(void)
{
    volatile uintptr_t mine = (uintptr_t)take_block(sizeof mine), theirs;

    kfree((void *)mine);
    theirs = (uintptr_t)take_block(sizeof mine);
    if (theirs != mine)
        panic("this heap does not hand a freed block out again");
    memcpy((void *)theirs, "text", sizeof mine);
    write_to(*(volatile uintptr_t *)mine);
}

/* Far down in the same page as all others: the compiler keeps no pointer to it
 * in a register. */
static volatile uintptr_t wild = 0x00BADC0D;

static void crash_jump(void)
{
    ((void (*)(void))wild)();
}

/* An array on the stack, and what is written past its end: the caller's ebp and
 * the return address.  The memory clobber keeps the writes before the ret. */
static __attribute__((noinline)) void overrun(uint32_t words)
{
    volatile uint32_t array[2];
    volatile uint32_t *word = array;

    for (uint32_t i = 0; i < words; i++)
        word[i] = 0x656D6F73; /* "some" */
    __asm__ volatile("" : : : "memory");
}

/* Not a constant: a compiler that sees the overrun leaves it out. */
static volatile uint32_t words_overrun = 8;

static void crash_return(void)
{
    overrun(words_overrun);
}

/* The processor's own tables, where it finds them; a wild write there is
 * noticed when the entry is used. */
struct table_place {
    uint16_t limit;
    uint32_t base;
} __attribute__((packed));

#define TABLE_ENTRY_BYTES 8u
#define PAGE_FAULT_GATE   14u
#define DATA_DESCRIPTOR   2u

static void erase_entry(struct table_place table, uint32_t number)
{
    write_to(table.base + number * TABLE_ENTRY_BYTES);
    write_to(table.base + number * TABLE_ENTRY_BYTES + sizeof(uint32_t));
}

static void crash_gate(void)
{
    struct table_place idt;

    __asm__ volatile("sidt %0" : "=m"(idt));
    erase_entry(idt, PAGE_FAULT_GATE);
    crash_null();
}

static void crash_segment(void)
{
    struct table_place gdt;

    __asm__ volatile("sgdt %0" : "=m"(gdt));
    erase_entry(gdt, DATA_DESCRIPTOR);
    crash_physical(); /* any trap loads it */
}

/* A list of pointers is freed too early, and one of them is used still.  The
 * allocator keeps its own links in the first words of a free block. */
static void crash_freed(void)
{
    uintptr_t *list = take_block(8 * sizeof *list);

    for (unsigned i = 0; i < 8; i++)
        list[i] = (uintptr_t)take_block(sizeof(uint32_t));
    kfree(list);
    write_to(((volatile uintptr_t *)list)[5]);
    panic("the pointer in a freed block was used, and is what it was");
}

/* More than the 2 MiB have room for, and from there on upwards. */
static void crash_end(void)
{
    uintptr_t at = (uintptr_t)take_block(3u << 20);

    for (;; at += sizeof(uint32_t))
        write_to(at);
}

static const struct {
    const char *name;
    void (*run)(void);
    const char *what;
} kinds[] = {
    { "null", crash_null, "write to a field of a null pointer" },
    { "text", crash_text, "write to code (caught from stage paging on)" },
    { "physical", crash_physical, "use a physical address as a pointer" },
    { "stack", crash_stack, "recurse until the stack is full" },
    { "divide", crash_divide, "divide by zero" },
    { "opcode", crash_opcode, "run an invalid instruction" },
    { "assert", crash_assert, "fail an assertion" },
    { "overflow", crash_overflow, "write past the end of a block" },
    { "stale", crash_stale, "use a block after kfree" },
    { "jump", crash_jump, "call a function through a wild pointer" },
    { "return", crash_return, "write past an array on the stack" },
    { "gate", crash_gate, "erase a gate of the IDT, then fault" },
    { "segment", crash_segment, "erase a descriptor of the GDT, then fault" },
    { "byte", crash_byte, "write one byte past a block (see poison)" },
    { "freed", crash_freed, "use a pointer in a freed block" },
    { "end", crash_end,
      "write past the end of a heap that has grown (stage grow)" },
};

#define KINDS (sizeof kinds / sizeof *kinds)

void crash(const char *kind)
{
    for (unsigned i = 0; i < KINDS; i++) {
        if (strcmp(kinds[i].name, kind) == 0)
            kinds[i].run();
    }
    print("no crash \"%s\"; there are:\n", kind);
    for (unsigned i = 0; i < KINDS; i++)
        print("  %-9s %s\n", kinds[i].name, kinds[i].what);
}
