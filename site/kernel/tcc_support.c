/* SPDX-License-Identifier: MIT */
/* Functions that tcc calls where other compilers emit instructions: builtins,
 * and shifts of 64-bit numbers.  Only the kernel of the page has these. */
#include <stdint.h>

#include "lib/panic.h"

int support_ctz(unsigned word) __asm__("__builtin_ctz");
int support_clz(unsigned word) __asm__("__builtin_clz");
int support_ffs(int word) __asm__("__builtin_ffs");
unsigned support_bswap32(unsigned word) __asm__("__builtin_bswap32");
unsigned short
support_bswap16(unsigned short word) __asm__("__builtin_bswap16");
void support_unreachable(void) __asm__("__builtin_unreachable");
int64_t __ashldi3(int64_t value, int count);
int64_t __ashrdi3(int64_t value, int count);
int64_t __lshrdi3(int64_t value, int count);

int support_ctz(unsigned word)
{
    return __builtin_ctz(word);
}

int support_clz(unsigned word)
{
    return __builtin_clz(word);
}

int support_ffs(int word)
{
    return __builtin_ffs(word);
}

unsigned support_bswap32(unsigned word)
{
    return __builtin_bswap32(word);
}

unsigned short support_bswap16(unsigned short word)
{
    return __builtin_bswap16(word);
}

void support_unreachable(void)
{
    panic("the code that __builtin_unreachable() marks was reached");
}

/* The halves of a 64-bit number, so that no shift here is one of 64 bits. */
union halves {
    int64_t whole;
    struct {
        uint32_t low;
        uint32_t high;
    };
};

int64_t __ashldi3(int64_t value, int count)
{
    union halves halves = { value };

    if (count >= 32) {
        halves.high = halves.low << (count - 32);
        halves.low = 0;
    } else if (count > 0) {
        halves.high = halves.high << count | halves.low >> (32 - count);
        halves.low <<= count;
    }
    return halves.whole;
}

static int64_t shift_right(int64_t value, int count, uint32_t sign)
{
    union halves halves = { value };

    if (count >= 32) {
        halves.low = halves.high >> (count - 32);
        if (count > 32)
            halves.low |= sign << (64 - count);
        halves.high = sign;
    } else if (count > 0) {
        halves.low = halves.low >> count | halves.high << (32 - count);
        halves.high = halves.high >> count | sign << (32 - count);
    }
    return halves.whole;
}

int64_t __ashrdi3(int64_t value, int count)
{
    return shift_right(value, count, value < 0 ? ~0u : 0);
}

int64_t __lshrdi3(int64_t value, int count)
{
    return shift_right(value, count, 0);
}
