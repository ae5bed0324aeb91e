/* SPDX-License-Identifier: MIT */
/* Bytes that memory of the heap is filled with, so that a mistake shows.
 *
 *     0xA5   fresh: handed out, and not written by its owner yet
 *     0xDD   freed: given back, and not handed out again
 *
 * A pointer of fresh bytes, 0xA5A5A5A5, always faults: it is below the
 * kernel.  One of freed bytes, 0xDDDDDDDD, faults on machines with less than
 * 478 MiB: it is beyond their memory in the direct map.
 */
#ifndef LIB_POISON_H
#define LIB_POISON_H

#include <stddef.h>
#include <stdint.h>

enum poison {
    POISON_FRESH = 0xA5,
    POISON_FREED = 0xDD,
    POISON_RED = 0xFB, /* past the end of a block: the red zone */
};

#define POISON_NEAR_BYTES 4096u /* a field of a struct that was poisoned */

/* A word of such bytes. */
static inline uint32_t poison_word(enum poison byte)
{
    return (uint32_t)byte * 0x01010101u;
}

/* The name of the poison in an address or a word, for a message; NULL if it has
 * no poison. */
static inline const char *poison_name(uintptr_t word)
{
    if (word - poison_word(POISON_FREED) < POISON_NEAR_BYTES)
        return "was read from freed memory: kfree fills a block with 0xdd";
    if (word - poison_word(POISON_FRESH) < POISON_NEAR_BYTES)
        return "was read from fresh memory: kmalloc fills a block with 0xa5";
    return NULL;
}

#endif
