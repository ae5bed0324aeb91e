/* SPDX-License-Identifier: MIT */
/* A lab's test in the booted kernel, for `make grade` and `make debug`.
 *
 *     test=malloc/split seed=7 key=N
 *        |
 *     stages up to the lab's --> lab_run --> calls of the students' functions
 *                                   |            |
 *                                   |            +--> tape (tape.h)
 *                                   +--> exit: for a person
 *
 * Who grades believes none of that.  He boots the same kernel once more, puts
 * the tape into its memory and says `play`:
 *
 *     test=malloc/split seed=7 key=N play
 *        |
 *     no stage --> lab_run --> answers <-- tape, and memory as it was left
 *                     |
 *                     +--> a record "played": the verdict
 *
 * The test does all it did before, but the answers to its calls come from the
 * tape.  Nothing that a student has written runs in that machine: a test that
 * was left early, or whose data was changed, does not do the same again, and
 * answers that no allocator would give are found wrong.
 *
 *     P1: while playing, nothing under test is called.
 *     P2: the test makes the calls that are on the tape, no more, no fewer.
 *     P3: at the end every live payload is in memory as it was filled.
 */
#ifndef LABTEST_RUN_KERNEL_H
#define LABTEST_RUN_KERNEL_H

#include "labtest/side.h"

#define TEST_NAME_LIST "list"

/* What stands on the tape; scripts/mallow/grade/call_record.py knows the
 * numbers. */
enum tape_kind {
    TAPE_BEGIN = 1,    /* heap begin, heap end, arena = seed */
    TAPE_END = 2,      /* the test has come to its end */
    TAPE_FAILED = 3,   /* an expectation did not hold; text */
    TAPE_SEEN = 4,     /* what a test has looked at: 16 bytes of it */
    TAPE_CALL = 0x100, /* + enum lab_call: a call that is about to be made */
    TAPE_DONE = 0x200, /* + enum lab_call: the same with its answer */
};

/* A test, found by "lab/name"; both NULL if there is none. */
struct lab_chosen_test {
    const struct lab *lab;
    const struct lab_test *test;
};

struct lab_chosen_test lab_find(const char *name);
/* One record for each test that this kernel has. */
void lab_list_record(void);
/* Runs the test.  It fails, and the machine ends with EXIT_TEST_FAILED, at the
 * first thing that is wrong; returns when nothing was. */
void lab_run(struct lab_chosen_test chosen, const struct lab_places *places,
             uint32_t seed);
/* Plays the tape back instead.  Returns when it has passed; else the machine
 * ends as above. */
void lab_play(struct lab_chosen_test chosen, const struct lab_places *places,
              uint32_t seed);
/* Of a random test only these steps (labtest/steps.h), instead of all. */
void lab_use_steps(const char *steps);
/* Files that lab_replay() can have. */
void lab_use_traces(const struct trace_file *files, size_t count);

#endif
