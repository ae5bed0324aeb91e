/* SPDX-License-Identifier: MIT */
/* Shared by tests.c and tests_random.c of lab 2. */
#ifndef LABS_2_PAGING_TESTS_H
#define LABS_2_PAGING_TESTS_H

#include "labtest/test.h"

#define TABLES 64u

/* Bits of an entry that the processor changes, or that have no meaning. */
#define IGNORED (ENTRY_ACCESSED | ENTRY_DIRTY | 0xE00u)

void test_paging_random(void);

#endif
