/* SPDX-License-Identifier: MIT */
/* Shared by the files of tests of lab 7. */
#ifndef LABS_7_ARMOUR_TESTS_H
#define LABS_7_ARMOUR_TESTS_H

/* -- tests_ends.c ---------------------------------------------------------- */

/* Addresses around both ends of the heap cannot be freed. */
void expect_ends_refused(void);
/* Blocks at the low end of free memory join it, once. */
void expect_low_end(void);
/* What is known of a gap that has changed since is not believed. */
void expect_old_gaps_asked(void);

/* -- tests_work.c ---------------------------------------------------------- */

/* A long block costs no more than a short one, and 2000 holes cost nothing. */
void expect_work_bounded(void);
/* A gap of the right size is found without a look at the whole heap. */
void expect_gaps_found(void);
/* Three free neighbours are one run at once, in each order. */
void expect_all_joined_at_once(void);

#endif
