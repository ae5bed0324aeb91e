/* SPDX-License-Identifier: MIT */
/* Bytes and strings.
 *
 * memset and memcpy use the processor's string instructions, because plain C
 * does not work: a compiler recognises the loop as memset and replaces it by a
 * call to memset, inside memset.  It is also the fast way: words first, then
 * the last bytes, up to three.
 *
 *     rep stosl    ecx times: *(uint32_t *)edi = eax, edi += 4
 *     rep movsl    ecx times: *(uint32_t *)edi = *(uint32_t *)esi, both += 4
 *
 * They count upwards because the direction flag is clear whenever C code runs
 * (System V ABI for i386, "Registers").
 */
#include "lib/string.h"

#define WORD_BYTES sizeof(uint32_t)

void *memset(void *to, int byte, size_t bytes)
{
    uint32_t word = (uint8_t)byte * 0x01010101u;
    void *at = to;
    size_t words = bytes / WORD_BYTES;
    size_t rest = bytes % WORD_BYTES;

    __asm__ volatile("rep stosl"
                     : "+D"(at), "+c"(words)
                     : "a"(word)
                     : "memory");
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(rest) : "a"(word) : "memory");
    return to;
}

/* Lowest byte first: right for areas that overlap only if `to` is below. */
static void copy_upwards(void *to, const void *from, size_t bytes)
{
    size_t words = bytes / WORD_BYTES;
    size_t rest = bytes % WORD_BYTES;

    __asm__ volatile("rep movsl"
                     : "+D"(to), "+S"(from), "+c"(words)
                     :
                     : "memory");
    __asm__ volatile("rep movsb"
                     : "+D"(to), "+S"(from), "+c"(rest)
                     :
                     : "memory");
}

/* Highest byte first.  volatile, because this loop is memmove, and a compiler
 * that noticed would call it. */
static void copy_downwards(void *to, const void *from, size_t bytes)
{
    volatile uint8_t *at = to;
    const uint8_t *source = from;

    while (bytes > 0) {
        bytes--;
        at[bytes] = source[bytes];
    }
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    copy_upwards(to, from, bytes);
    return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    /* Wraps to a large number when `to` is below `from`. */
    if ((uintptr_t)to - (uintptr_t)from >= bytes)
        copy_upwards(to, from, bytes);
    else
        copy_downwards(to, from, bytes);
    return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const uint8_t *left = a, *right = b;

    for (size_t i = 0; i < bytes; i++) {
        if (left[i] != right[i])
            return left[i] - right[i];
    }
    return 0;
}

size_t strlen(const char *text)
{
    const volatile char *end = text; /* volatile: or this calls strlen */

    while (*end != 0)
        end++;
    return (size_t)(end - text);
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        if (a[i] != b[i])
            return (uint8_t)a[i] - (uint8_t)b[i];
        if (a[i] == 0)
            return 0;
    }
    return 0;
}
