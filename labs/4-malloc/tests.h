/* SPDX-License-Identifier: MIT */
/* Shared by tests.c and tests_ends.c of lab 4. */
#ifndef LABS_4_MALLOC_TESTS_H
#define LABS_4_MALLOC_TESTS_H

#include "labtest/test.h"

#define MOST 4096u
/* The most bytes of bookkeeping in a heap that is one block. */
#define MOST_OVERHEAD 64u

extern void *malloc_blocks[MOST];

/* A block; NULL fails the test. */
void *expect_malloc_block(size_t bytes);
/* Blocks of `bytes` until there is no room; at most MOST. */
uint32_t malloc_fill(size_t bytes);
/* Three blocks of `bytes` side by side, by address, and as many others as there
 * is room for; returns how many. */
uint32_t expect_three_blocks(void *three[3], size_t bytes);

/* Whether blocks are laid out as malloc_block.h says. */
bool has_given_layout(void);
/* The smallest heap that has a block serves one. */
void expect_smallest_heap(void);
/* The padding before an aligned payload is as short as possible. */
void expect_least_padding(void);
/* A block of `bytes` grows over all of the free block after it, and no
 * further. */
void expect_growth_to_the_end(size_t bytes);
/* Only the addresses of the blocks can be freed, and no other address in or
 * around them, even if the blocks are full of `word`. */
void expect_malloc_refuses(uint32_t word);

#endif
