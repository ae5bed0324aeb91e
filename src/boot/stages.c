/* SPDX-License-Identifier: MIT */
/* Starts stages in order, and checks each. */
#include "boot/stages.h"

#include "lib/panic.h"
#include "lib/print.h"
#include "lib/string.h"

#define STAGES_MAX 16u

static const struct stage *stages;
static size_t stage_count;
static enum stage_state states[STAGES_MAX];

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

static void print_stage(size_t number)
{
    const struct stage *stage = &stages[number];
    enum stage_state state = states[number];

    print("  %zu %-7s %-4s ", number, stage->name, state_texts[state]);
    if (works(state) && stage->figures)
        stage->figures();
    if (state == STAGE_PARTLY_WRITTEN)
        print("; ");
    if (state == STAGE_NOT_WRITTEN || state == STAGE_PARTLY_WRITTEN)
        print("see %s", stage->lab);
    print("\n");
}

static enum stage_state stage_start(const struct stage *stage,
                                    struct violation *violation)
{
    enum stage_state state = stage->init();

    *violation = SOUND;
    if (works(state) && stage->check)
        *violation = stage->check();
    if (!is_sound(*violation))
        return STAGE_BROKEN;
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
    print_stage(number);
    if (!is_sound(violation))
        print_violation(violation);
    return works(states[number]);
}

bool stages_start(const struct stage_table *table, const char *last)
{
    size_t stop;

    ASSERT_BELOW(table->count, STAGES_MAX + 1);
    stages = table->stages;
    stage_count = table->count;
    stop = stage_number(last);
    if (stop == stage_count)
        print_names(last);
    /* A wrong name does not say how far to go: start the first stage only. */
    for (size_t i = 0; i <= (stop < stage_count ? stop : 0); i++) {
        if (!start_and_print(i))
            return false;
    }
    return stop < stage_count;
}

/* How many stages are in force. */
static size_t in_force(void)
{
    size_t count = 0;

    while (count < stage_count && works(states[count]))
        count++;
    return count;
}

bool stages_restart_last(void)
{
    return works(stages[in_force() - 1].init());
}

const char *stages_last_name(void)
{
    return stages[in_force() - 1].name;
}

bool stage_in_force(const char *name)
{
    return stage_number(name) < in_force();
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

void stages_check(void)
{
    for (size_t i = 0; i < in_force(); i++) {
        struct violation violation;

        if (!stages[i].check)
            continue;
        if (is_replaced(&stages[i])) {
            print("  %-7s replaced\n", stages[i].name);
            continue;
        }
        violation = stages[i].check();
        print("  %-7s %s\n", stages[i].name,
              is_sound(violation) ? "sound" : "BROKEN");
        if (!is_sound(violation))
            print_violation(violation);
    }
}
