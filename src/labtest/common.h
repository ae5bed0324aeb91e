/* SPDX-License-Identifier: MIT */
/* Declarations that the files of labtest share with each other and with no
 * other module. */
#ifndef LABTEST_COMMON_H
#define LABTEST_COMMON_H

#include "labtest/live_blocks.h"
#include "labtest/side.h"

/* Set by lab_begin(). */
extern const struct lab *lab_chosen;
extern struct lab_places lab_places;

/* Ends the test at the call that lab_here() named last. */
#define LAB_FAIL(...) lab_fail(lab_file(), lab_line(), __VA_ARGS__)

const char *lab_file(void);
int lab_line(void);

/* An address as a call record holds it. */
static inline uint32_t lab_address(const void *pointer)
{
    return (uint32_t)(uintptr_t)pointer;
}

/* Records a call before it is made, and again with its answer. */
struct lab_record lab_note(enum lab_call call, uint32_t a, uint32_t b,
                           uint32_t c);
void lab_noted(struct lab_record *record, uint32_t result);

/* Records new payload after a check of L1; accepts NULL. */
void *lab_accept(void *payload, size_t bytes, size_t alignment);
/* The first lets the allocator touch a block's payload, after a check that it
 * is unchanged; the second ends that. */
void lab_open(const struct live_block *block);
void lab_shut(const struct live_block *block);

#endif
