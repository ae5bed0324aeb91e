/* SPDX-License-Identifier: MIT */
/* A lab's test in the booted kernel, for `make grade` and `make debug`.
 *
 *     test=malloc/split seed=7 key=N
 *        |
 *     stages up to the lab's --> lab_run --> calls of the students' functions
 *                                   |            |
 *                                   |            +--> the call record
 *                                   +--> exit: for a person
 *
 * The grader trusts none of this.  It boots the same kernel again, copies the
 * call record (call_record.h) into its memory and adds the word `play`:
 *
 *     test=malloc/split seed=7 key=N play
 *        |
 *     no stage --> lab_run --> answers <-- call record and memory as left
 *                     |
 *                     +--> a record "played": the verdict
 *
 * The test does the same again, but the answers to its calls come from the call
 * record.  No student code runs in that machine.  If student code left the
 * first run early or changed the test's data, the test now makes other calls,
 * and the kernel notices.  It also finds answers that no right allocator would
 * give.
 *
 *     P1: while playing, no function under test is called.
 *     P2: the test makes the calls on the call record, no more and no fewer.
 *     P3: at the end every live payload is in memory as it was filled.
 */
#ifndef LABTEST_RUN_KERNEL_H
#define LABTEST_RUN_KERNEL_H

#include "labtest/side.h"

#define TEST_NAME_LIST "list"

/* The kinds of entries.  scripts/mallow/grade/call_record.py has the same
 * numbers. */
enum call_record_kind {
    CALL_RECORD_BEGIN = 1,    /* heap begin, heap end, arena = seed */
    CALL_RECORD_END = 2,      /* the test has come to its end */
    CALL_RECORD_FAILED = 3,   /* an expectation did not hold; text */
    CALL_RECORD_SEEN = 4,     /* what a test has looked at: 16 bytes of it */
    CALL_RECORD_CALL = 0x100, /* + enum lab_call: a call begins */
    CALL_RECORD_DONE = 0x200, /* + enum lab_call: the same with its answer */
};

/* A test, found by "lab/name"; both NULL if there is none. */
struct lab_chosen_test {
    const struct lab *lab;
    const struct lab_test *test;
};

struct lab_chosen_test lab_find(const char *name);
/* One record for each test that this kernel has. */
void lab_list_record(void);
/* Runs the test, and returns if it passes.  At the first error the machine ends
 * with EXIT_TEST_FAILED. */
void lab_run(struct lab_chosen_test chosen, const struct lab_places *places,
             uint32_t seed);
/* Plays the call record back instead.  Returns when the test has passed; else
 * the machine ends as above. */
void lab_play(struct lab_chosen_test chosen, const struct lab_places *places,
              uint32_t seed);
/* A random test does only these steps (labtest/steps.h), instead of all. */
void lab_use_steps(const char *steps);
/* Files that lab_replay() can have. */
void lab_use_traces(const struct trace_file *files, size_t count);

#endif
