/* SPDX-License-Identifier: MIT */
/* Random work for a heap.  The list of steps is made first, and each step names
 * a slot.  So any part of the list makes sense alone: a step that would
 * allocate into a full slot, or free an empty one, does nothing.
 */
#include "labtest/common.h"
#include "lib/random.h"

#define SLOTS                64u
#define STEPS_BETWEEN_CHECKS 64u

enum step_kind {
    STEP_ALLOC,
    STEP_FREE,
    STEP_RESIZE
};

struct step {
    uint8_t kind;
    uint8_t slot;
    uint16_t alignment_shift;
    uint32_t bytes;
};

static struct step *steps; /* LAB_STRESS_STEPS of them */
static void *slots[SLOTS];

/* Sizes as in real programs: mostly small, sometimes up to the largest. */
static uint32_t random_bytes(struct random *random, uint32_t largest)
{
    if (largest > 64 && random_below(random, 4) != 0)
        largest = 64;
    return 1 + random_below(random, largest);
}

static struct step random_step(struct random *random,
                               const struct lab_stress *stress)
{
    uint32_t kind = random_below(random, 8);
    struct step step = {
        .kind = kind < 4 ? STEP_ALLOC : STEP_FREE,
        .slot = (uint8_t)random_below(random, SLOTS),
        .alignment_shift = 3,
        .bytes = random_bytes(random, (uint32_t)stress->largest),
    };

    if (kind == 7 && stress->resizes)
        step.kind = STEP_RESIZE;
    while (1u << step.alignment_shift < stress->largest_alignment &&
           random_below(random, 3) == 0)
        step.alignment_shift++;
    return step;
}

static void expect_memory(const struct lab_stress *stress, const void *payload,
                          const struct step *step)
{
    if (!payload && !stress->may_run_out)
        LAB_FAIL("step %u: NULL for %u bytes, in a heap that is nearly empty",
                 (unsigned)(step - steps), step->bytes);
}

static void stress_take(const struct step *step,
                        const struct lab_stress *stress)
{
    void **slot = &slots[step->slot];
    void *payload;

    if (step->kind == STEP_ALLOC && !*slot) {
        *slot = lab_alloc_aligned(step->bytes, 1u << step->alignment_shift);
        expect_memory(stress, *slot, step);
    } else if (step->kind == STEP_RESIZE && *slot) {
        payload = lab_realloc(*slot, step->bytes);
        expect_memory(stress, payload, step);
        *slot = payload ? payload : *slot;
    } else if (step->kind == STEP_FREE && *slot) {
        lab_free(*slot);
        *slot = NULL;
    }
}

void lab_stress(const struct lab_stress *stress)
{
    struct random random;

    ASSERT_BELOW(stress->steps, LAB_STRESS_STEPS + 1);
    steps = lab_scratch(LAB_STRESS_STEPS * sizeof *steps);
    random_seed(&random, lab_seed());
    for (uint32_t i = 0; i < stress->steps; i++)
        steps[i] = random_step(&random, stress);
    for (uint32_t i = 0; i < SLOTS; i++)
        slots[i] = NULL;
    for (uint32_t i = 0; i < stress->steps; i++) {
        if (lab_step_wanted(i))
            stress_take(&steps[i], stress);
        if (i % STEPS_BETWEEN_CHECKS == 0)
            lab_expect_sound();
    }
    for (uint32_t i = 0; i < SLOTS; i++) {
        if (slots[i])
            lab_free(slots[i]);
    }
}
