/* SPDX-License-Identifier: MIT */
/* Shared by tests.c and tests_ends.c of lab 7. */
#ifndef LABS_7_ARMOUR_TESTS_ENDS_H
#define LABS_7_ARMOUR_TESTS_ENDS_H

/* Addresses around both ends of the heap cannot be freed. */
void expect_ends_refused(void);
/* Blocks at the low end of free memory join it, once. */
void expect_low_end(void);
/* A gap of the right size is found without a look at the whole heap. */
void expect_gaps_found(void);
/* Three free neighbours are one run at once, in each order. */
void expect_all_joined_at_once(void);

#endif
