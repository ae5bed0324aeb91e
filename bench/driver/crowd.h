/* SPDX-License-Identifier: MIT */
/* A crowd of live blocks, for what is done to an allocator that it should
 * survive: each payload is stamped, and no two may overlap. */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include "bench/driver/subject.h"
#include "lib/random.h"

#define CROWD_PLACES 96u

struct member {
    uint8_t *payload; /* NULL: none */
    uint32_t bytes;
};

struct crowd {
    const struct subject *subject;
    struct random random;
    struct member members[CROWD_PLACES];
    uint32_t refused; /* frees that the allocator would not do */
};

/* Kinds of mistakes, the worst last. */
enum finding {
    FINDING_NONE,
    FINDING_REFUSED,
    FINDING_DAMAGED,
    FINDING_TWICE
};

/* Starts the subject, on 2 MiB if it wants a heap, and lets it have a past:
 * some blocks live, some freed between them. */
void crowd_start(struct crowd *crowd, const struct subject *subject,
                 uint32_t seed, uintptr_t *begin, uintptr_t *end);
/* Returns whether the subject has refused it (only ours can say so). */
bool crowd_free(struct crowd *crowd, void *payload);
void *crowd_alloc(struct crowd *crowd, uint32_t bytes);
/* Writes every stamp again. */
void crowd_stamp(struct crowd *crowd);
/* `operations` random allocations and frees, all verified. */
enum finding crowd_live_on(struct crowd *crowd, uint32_t operations);
/* The word for it; misuse.c has the list. */
const char *outcome_word(enum finding finding, bool refused, bool sound);

#endif
