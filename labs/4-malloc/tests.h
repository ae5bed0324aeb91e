/* SPDX-License-Identifier: MIT */
/* What tests.c and tests_ends.c of lab 4 share. */
#ifndef LABS_4_MALLOC_TESTS_H
#define LABS_4_MALLOC_TESTS_H

#include "labtest/test.h"

#define MOST 4096u
/* What bookkeeping may take of a heap that is one block. */
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
/* In front of an aligned payload no more is skipped than has to be. */
void expect_least_padding(void);
/* A block grows over all of the free block after it, and no further. */
void expect_growth_to_the_end(void);
/* No address in and around blocks full of `word` can be freed but theirs. */
void expect_malloc_refuses(uint32_t word);

#endif
