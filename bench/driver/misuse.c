/* SPDX-License-Identifier: MIT */
/* One misuse, then 10,000 verified operations; prints what came of it.
 *
 *     twice     a block was handed out that overlaps a live one
 *     damaged   a live payload changed, or the allocator's own check, asked at
 *               the end, finds what no call had noticed
 *     noticed   it said so: refused a good free later on
 *     refused   the bad free itself was refused, and nothing else happened
 *     harmless  nothing happened at all
 *
 * The end of the process shows who stopped it: a signal, panic's status, or
 * EXIT_STOPPED for an instruction that is there to stop (musl's hlt).
 */
#include "bench/driver/commands.h"
#include "bench/driver/crowd.h"
#include "bench/driver/system.h"

#include "lib/panic.h"
#include "lib/print.h"
#include "lib/string.h"

#define OPERATIONS 10000u

struct misuse {
    const char *name;
    bool (*commit)(struct crowd *crowd); /* true: refused */
};

/* Sizes whose end is the end of the block, in one allocator or another. */
static const uint32_t sizes[] = { 56, 60, 64 };

#define VICTIMS (sizeof sizes / sizeof sizes[0])

/* Blocks that are between others, most likely. */
static uint8_t *victims[VICTIMS];
static uint8_t not_heap[64];

static void make_victims(struct crowd *crowd)
{
    for (size_t i = 0; i < VICTIMS; i++) {
        victims[i] = crowd_alloc(crowd, sizes[i]);
        crowd_alloc(crowd, sizes[i]);
        memset(victims[i], 0x20, sizes[i]);
    }
}

static bool free_twice(struct crowd *crowd)
{
    crowd_free(crowd, victims[0]);
    return crowd_free(crowd, victims[0]);
}

static bool free_twice_later(struct crowd *crowd)
{
    crowd_free(crowd, victims[0]);
    /* Others, so that it is not the latest any more, nor in use again. */
    crowd_free(crowd, victims[1]);
    crowd_free(crowd, victims[2]);
    crowd_free(crowd, crowd_alloc(crowd, 400));
    return crowd_free(crowd, victims[0]);
}

static bool free_interior(struct crowd *crowd)
{
    return crowd_free(crowd, victims[2] + 16);
}

static bool free_wild(struct crowd *crowd)
{
    return crowd_free(crowd, not_heap + 16);
}

static bool overflow_by(uint32_t bytes)
{
    for (size_t i = 0; i < VICTIMS; i++)
        memset(victims[i] + sizes[i], 0x41, bytes);
    return false;
}

static bool overflow_1(struct crowd *crowd)
{
    (void)crowd;
    return overflow_by(1);
}

static bool overflow_16(struct crowd *crowd)
{
    (void)crowd;
    return overflow_by(16);
}

static bool underflow_8(struct crowd *crowd)
{
    (void)crowd;
    for (size_t i = 0; i < VICTIMS; i++)
        memset(victims[i] - 8, 0x41, 8);
    return false;
}

static bool write_after_free(struct crowd *crowd)
{
    for (size_t i = 0; i < VICTIMS; i++) {
        crowd_free(crowd, victims[i]);
        memset(victims[i], 0x41, sizes[i]);
        victims[i] = NULL;
    }
    return false;
}

static const struct misuse misuses[] = {
    { "free-twice", free_twice },
    { "free-twice-later", free_twice_later },
    { "free-interior", free_interior },
    { "free-wild", free_wild },
    { "overflow-1", overflow_1 },
    { "overflow-16", overflow_16 },
    { "underflow-8", underflow_8 },
    { "write-after-free", write_after_free },
};

static const struct misuse *misuse_named(const char *name)
{
    for (size_t i = 0; i < sizeof misuses / sizeof misuses[0]; i++) {
        if (strcmp(misuses[i].name, name) == 0)
            return &misuses[i];
    }
    panic("no misuse \"%s\"", name);
}

const char *outcome_word(enum finding finding, bool refused, bool sound)
{
    if (finding == FINDING_TWICE)
        return "twice";
    if (finding == FINDING_DAMAGED)
        return "damaged";
    if (finding == FINDING_REFUSED)
        return "noticed";
    if (!sound)
        return "damaged";
    return refused ? "refused" : "harmless";
}

/* misuse SUBJECT NAME SEED */
void command_misuse(char **arguments)
{
    static struct crowd crowd;
    const struct subject *subject = subject_find(arguments[0]);
    const struct misuse *misuse = misuse_named(arguments[1]);
    enum finding finding;
    uintptr_t begin, end;
    uint32_t seed;
    bool refused;

    if (!subject || !parse_number(arguments[2], &seed))
        panic("misuse: wrong subject or seed");
    report_hlt();
    crowd_start(&crowd, subject, seed, &begin, &end);
    make_victims(&crowd);
    refused = misuse->commit(&crowd);
    /* A stray write that changed the neighbours' payload is not the
     * allocator's fault. */
    crowd_stamp(&crowd);
    finding = crowd_live_on(&crowd, OPERATIONS);
    print("outcome %s\n",
          outcome_word(finding, refused, !subject->sound || subject->sound()));
}
