/* SPDX-License-Identifier: MIT */
/* Mistakes of callers, seen when they happen.
 *
 * Outside of counted replays every block is filled: with POISON_FRESH when it
 * is handed out, with POISON_FREED when it is freed (lib/poison.h).
 *
 * With the option `poison`, blocks also get a front and a red zone, and freed
 * blocks wait in a quarantine before the allocator has them back:
 *
 *     the allocator's block
 *     +-------+-----------------------+----------+
 *     | front | payload, as asked for | red zone |
 *     +-------+-----------------------+----------+
 *             ^ what the caller has     POISON_RED
 *
 * P1: the fronts of all blocks are whole, and form two lists.
 * P2: every red zone is untouched: nothing was written past the end.
 * P3: every payload in quarantine is untouched: nothing was written after
 *     kfree.
 */
#ifndef MM_HEAP_HEAP_POISON_H
#define MM_HEAP_HEAP_POISON_H

#include "lib/violation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POISON_QUARANTINE 64u /* blocks that wait, unless told otherwise */

/* The state of a block, as its poison shows it. */
struct poison_block {
    uintptr_t payload;
    size_t bytes;
    uintptr_t allocated_by, freed_by; /* return addresses; freed_by may be 0 */
};

/* Asks for fronts, red zones and a quarantine of `blocks` blocks, from the next
 * heap_start() on. */
void heap_poison_want(uint32_t blocks);
/* Whether the heap that is in force has them. */
bool heap_poison_on(void);
/* The first of P1 to P3 that does not hold; SOUND while poison is off. */
struct violation heap_poison_check(void);
/* The block, in use or in quarantine, that `address` is in or next to. */
bool heap_poison_find(uintptr_t address, struct poison_block *found);

#endif
