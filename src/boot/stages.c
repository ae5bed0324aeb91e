/* SPDX-License-Identifier: MIT */
/* Starts stages in order, and checks each. */
#include "boot/stages.h"

#include "lib/panic.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/heap/heap_poison.h"

#define STAGES_MAX 16u

static const struct stage *stages;
static size_t stage_count;
static size_t asked_for; /* the last stage to start */
static enum stage_state states[STAGES_MAX];
static const char *unwritten[STAGES_MAX]; /* a function of it, or NULL */

static const char *const state_texts[] = {
    [STAGE_OFF] = "off",
    [STAGE_NOT_WRITTEN] = "not written",
    [STAGE_PARTLY_WRITTEN] = "partly written",
    [STAGE_BROKEN] = "BROKEN",
    [STAGE_OK] = "ok",
};

static bool works(enum stage_state state)
{
    return state == STAGE_OK || state == STAGE_PARTLY_WRITTEN;
}

static void print_violation(struct violation violation)
{
    print("            %s\n            at 0x%08lx: expected %#lx, found "
          "%#lx\n",
          violation.invariant, (unsigned long)violation.address,
          (unsigned long)violation.expected, (unsigned long)violation.found);
}

/* Whether the boot continued without the functions of this stage. */
static bool is_passed_over(size_t number)
{
    return stages[number].kind == OPTIONAL &&
           states[number] == STAGE_NOT_WRITTEN && number < asked_for;
}

/* The lab of a stage's unwritten function.  It is the lab of the first stage
 * that called it, because stage zalloc calls those of malloc again. */
static const char *lab_to_see(size_t number)
{
    const char *function = unwritten[number];

    for (size_t i = 0; i < number && function; i++) {
        if (unwritten[i] && strcmp(unwritten[i], function) == 0)
            return stages[i].lab;
    }
    return stages[number].lab;
}

static void print_stage(size_t number)
{
    const struct stage *stage = &stages[number];
    enum stage_state state = states[number];

    print("  %zu %-7s %-4s ", number, stage->name, state_texts[state]);
    if (works(state) && stage->figures)
        stage->figures();
    if (state == STAGE_PARTLY_WRITTEN && unwritten[number])
        print("; %s is not written, ", unwritten[number]);
    if (state == STAGE_NOT_WRITTEN || state == STAGE_PARTLY_WRITTEN)
        print("see %s", lab_to_see(number));
    if (is_passed_over(number))
        print("; optional, passed over");
    print("\n");
}

static enum stage_state stage_start(const struct stage *stage,
                                    struct violation *violation)
{
    enum stage_state state;

    not_written_forget();
    state = stage->init();
    *violation = SOUND;
    if (works(state) && stage->check)
        *violation = stage->check();
    if (!is_sound(*violation))
        return STAGE_BROKEN;
    if (state == STAGE_OK && not_written_function())
        state = STAGE_PARTLY_WRITTEN;
    if (works(state) && stage->enter)
        stage->enter();
    return state;
}

/* The number of the stage that `name` means; stage_count if it means none. */
static size_t stage_number(const char *name)
{
    uint32_t number;

    if (*name == 0)
        return stage_count - 1;
    for (size_t i = 0; i < stage_count; i++) {
        if (strcmp(stages[i].name, name) == 0)
            return i;
    }
    return parse_number(name, &number) && number < stage_count ? number
                                                               : stage_count;
}

static void print_names(const char *wrong)
{
    print("no stage \"%s\"; there are", wrong);
    for (size_t i = 0; i < stage_count; i++)
        print(" %s", stages[i].name);
    print(", or 0 to %zu\n", stage_count - 1);
}

static bool start_and_print(size_t number)
{
    struct violation violation;

    states[number] = stage_start(&stages[number], &violation);
    unwritten[number] = not_written_function();
    print_stage(number);
    if (!is_sound(violation))
        print_violation(violation);
    return works(states[number]);
}

/* The last stage that is in force; stage 0 always is. */
static size_t last_in_force(void)
{
    size_t last = stage_count - 1;

    while (last > 0 && !works(states[last]))
        last--;
    return last;
}

bool stages_restart_last(void)
{
    return works(stages[last_in_force()].init());
}

bool stages_start(const struct stage_table *table, const char *last)
{
    size_t named;

    ASSERT_BELOW(table->count, STAGES_MAX + 1);
    stages = table->stages;
    stage_count = table->count;
    named = stage_number(last);
    if (named == stage_count)
        print_names(last);
    /* The name is wrong, so start only the first stage. */
    asked_for = named < stage_count ? named : 0;
    for (size_t i = 0; i <= asked_for; i++) {
        if (start_and_print(i))
            continue;
        /* The attempt to start it may have used the heap. */
        if (!is_passed_over(i) || !stages_restart_last())
            return false;
    }
    return named < stage_count;
}

const char *stages_last_name(void)
{
    return stages[last_in_force()].name;
}

bool stage_in_force(const char *name)
{
    size_t number = stage_number(name);

    return number < stage_count && works(states[number]);
}

void stages_print(void)
{
    for (size_t i = 0; i < stage_count; i++)
        print_stage(i);
}

static bool is_replaced(const struct stage *stage)
{
    struct heap_stats stats = heap_stats();

    return stage->backend && strcmp(stage->backend->name, stats.large) != 0 &&
           (!stats.small || strcmp(stage->backend->name, stats.small) != 0);
}

static void print_verdict(const char *name, struct violation violation)
{
    print("  %-7s %s\n", name, is_sound(violation) ? "sound" : "BROKEN");
    if (!is_sound(violation))
        print_violation(violation);
}

void stages_check(void)
{
    for (size_t i = 0; i < stage_count; i++) {
        if (!works(states[i]) || !stages[i].check)
            continue;
        if (is_replaced(&stages[i]))
            print("  %-7s replaced\n", stages[i].name);
        else
            print_verdict(stages[i].name, stages[i].check());
    }
    if (heap_poison_on())
        print_verdict("poison", heap_poison_check());
}
