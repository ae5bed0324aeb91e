/* SPDX-License-Identifier: MIT */
/* The checker of a lab's stage, as a part of each test's verdict.
 *
 *     lab_heap_start ... calls ... lab_heap_start ... calls ... end of the test
 *                                 ^ check                      ^ check
 *
 * The linker decides which checker runs: a student whose allocator has another
 * layout writes a function of the same name.
 */
#include "labtest/soundness.h"

#include "labtest/common.h"
#include "lib/string.h"
#include "mm/armour/armour.h"
#include "mm/heap/bump.h"
#include "mm/malloc/malloc.h"
#include "mm/spans/spans.h"

static const struct {
    const char *lab;
    struct violation (*check)(void);
} checkers[] = {
    { "frames", frames_check }, { "heap", bump_check },
    { "malloc", malloc_check }, { "zalloc", zalloc_check },
    { "spans", spans_check },   { "armour", armour_check },
    { "grow", window_check },
};

static bool started, damaged;

void soundness_forget(void)
{
    started = damaged = false;
    not_written_forget();
}

void soundness_started(void)
{
    started = true;
    damaged = false;
}

void soundness_damaged(void)
{
    damaged = true;
}

struct violation soundness_violation(void)
{
    for (size_t i = 0; started && i < sizeof checkers / sizeof *checkers; i++) {
        if (strcmp(checkers[i].lab, lab_chosen->name) == 0)
            return checkers[i].check();
    }
    return SOUND;
}

/* An unwritten function breaks invariants; that is not a mistake yet. */
void lab_expect_sound(void)
{
    struct violation violation;

    if (lab_side_playing() || damaged || not_written_function())
        return;
    violation = soundness_violation();
    if (!is_sound(violation))
        LAB_FAIL("the checker finds %s; at %#lx: expected %#lx, found %#lx",
                 violation.invariant, (unsigned long)violation.address,
                 (unsigned long)violation.expected,
                 (unsigned long)violation.found);
}
