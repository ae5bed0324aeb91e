/* SPDX-License-Identifier: MIT */
/* Counted instructions. */
#include "arch/i386/counter.h"

#include "arch/i386/cpu.h"

#define EFLAGS_ID       (1u << 21)
#define FEATURE_COUNTER (1u << 4)
#define SHORT_LOOPS     1000u
#define LONG_LOOPS      3000u
#define LOOP_LENGTH     2u /* instructions: dec, jnz */
#define TRIALS          4

static bool present;

/* cpuid exists where the ID flag can be flipped (Intel SDM volume 1, 20.1). */
static bool has_cpuid(void)
{
    uint32_t before, after;

    __asm__ volatile("pushfl\n\t"
                     "popl %0\n\t"
                     "movl %0, %1\n\t"
                     "xorl %2, %1\n\t"
                     "pushl %1\n\t"
                     "popfl\n\t"
                     "pushfl\n\t"
                     "popl %1\n\t"
                     "pushl %0\n\t"
                     "popfl"
                     : "=&r"(before), "=&r"(after)
                     : "i"(EFLAGS_ID)
                     : "cc");
    return ((before ^ after) & EFLAGS_ID) != 0;
}

static bool has_counter(void)
{
    uint32_t eax = 1, ebx, ecx, edx;

    if (!has_cpuid())
        return false;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    return (edx & FEATURE_COUNTER) != 0;
}

uint64_t counter_now(void)
{
    return present ? read_timestamp() : 0;
}

static uint32_t ticks_of_loop(uint32_t loops)
{
    uint64_t begin = counter_now();

    __asm__ volatile("1: decl %0\n\t"
                     "jnz 1b"
                     : "+r"(loops)
                     :
                     : "cc");
    return (uint32_t)(counter_now() - begin);
}

/* Two loops of known length: in their difference, start and end cancel out. 0
 * unless it is a whole number of ticks for each instruction. */
static uint32_t ticks_per_instruction(void)
{
    uint32_t instructions = (LONG_LOOPS - SHORT_LOOPS) * LOOP_LENGTH;
    uint32_t ticks = ticks_of_loop(LONG_LOOPS) - ticks_of_loop(SHORT_LOOPS);

    return ticks % instructions == 0 ? ticks / instructions : 0;
}

static uint32_t empty_pair(void)
{
    uint64_t begin = counter_now();

    return (uint32_t)(counter_now() - begin);
}

struct counter counter_calibrate(void)
{
    struct counter counter = { 0 };

    present = has_counter();
    if (!present)
        return counter;
    counter.ticks_per_instruction = ticks_per_instruction();
    counter.overhead_ticks = empty_pair();
    counter.exact = counter.ticks_per_instruction != 0;
    for (int i = 0; i < TRIALS; i++) {
        if (ticks_per_instruction() != counter.ticks_per_instruction ||
            empty_pair() != counter.overhead_ticks)
            counter.exact = false;
    }
    if (!counter.exact)
        counter.ticks_per_instruction = 0;
    return counter;
}
