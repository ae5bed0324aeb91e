/* SPDX-License-Identifier: MIT */
/* A test of a lab instead of the prompt. */
#include "boot/test_mode.h"

#include "arch/i386/console.h"
#include "arch/i386/cpu.h"
#include "arch/i386/layout.h"
#include "arch/i386/watchdog.h"
#include "boot/heap_stages.h"
#include "labtest/call_record.h"
#include "labtest/run_kernel.h"
#include "lib/addr.h"
#include "lib/record.h"
#include "lib/string.h"

/* Watchdog limit for starting the stages, then again for the test: 1,250
 * million instructions. */
#define TEST_SECONDS 10

/* The host writes extra options here.  It stores the first byte last, so a
 * first byte other than 0 means that the line is complete. */
static volatile char asked_line[OPTION_LINE_BYTES];

/* The record names the place, and not the symbol: a student's file may have one
 * of the same name. */
static void record_ask(void)
{
    static struct record record;

    record_begin(&record, "ask");
    record_number(&record, "line", virt_to_phys((const char *)asked_line).addr);
    console_record(record.text);
}

static void record_in_use(const struct boot_info *boot)
{
    static struct record record;

    for (size_t i = 0; i < boot->in_use_count; i++) {
        record_begin(&record, "in_use");
        record_text(&record, "name", boot->in_use[i].name);
        record_number(&record, "begin", boot->in_use[i].begin);
        record_number(&record, "end", boot->in_use[i].end);
        console_record(record.text);
    }
}

bool test_mode_read_options(const struct boot_info *boot,
                            struct options *options)
{
    bool good = options_parse(boot->command_line, options);

    if (options->ask) {
        record_in_use(boot);
        record_ask();
        while (asked_line[0] == 0)
            ;
        watchdog_start(TEST_SECONDS); /* also where only stages start */
        good &= options_parse((const char *)asked_line, options);
    }
    return good;
}

/* The record names the place; the key is never reported, and is erased. */
void test_mode_set_aside(struct boot_memory *memory, struct options *options)
{
    static struct record record;

    if (!options->key)
        return;
    record_begin(&record, "call_record");
    record_number(
        &record, "begin",
        boot_memory_set_record_aside(memory, options->key, options->play));
    record_number(&record, "bytes", CALL_RECORD_BYTES);
    console_record(record.text);
    memset(&record, 0, sizeof record);
    memset((char *)asked_line, 0, sizeof asked_line);
    options->key = 0;
}

/* Records the memory from which allocators hand out blocks.  It does so before
 * any student's code runs. */
static void record_places(const struct lab_places *places)
{
    static struct record record;

    record_begin(&record, "places");
    record_number(&record, "heap",
                  virt_to_phys((void *)places->heap_begin).addr);
    record_number(&record, "heap_bytes", places->heap_end - places->heap_begin);
    record_number(&record, "arena", places->arena.addr);
    record_number(&record, "arena_bytes", LAB_ARENA_BYTES);
    console_record(record.text);
}

static void prepare(struct boot_memory *memory, const struct options *options,
                    struct lab_places *places)
{
    if (!boot_memory_set_lab_aside(memory, places))
        cpu_exit(EXIT_REFUSED);
    places->window_begin = HEAP_WINDOW_BEGIN;
    places->heap_begin = heap_region().begin;
    places->heap_end = heap_region().end;
    record_places(places);
    lab_use_traces(memory->traces, memory->trace_count);
    if (options->steps[0])
        lab_use_steps(options->steps);
    watchdog_start(TEST_SECONDS);
}

_Noreturn void test_mode_run(const struct stage_table *table,
                             struct boot_memory *memory,
                             const struct options *options)
{
    struct lab_chosen_test chosen = lab_find(options->test);
    struct lab_places places = { 0 };

    if (strcmp(options->test, TEST_NAME_LIST) == 0) {
        lab_list_record();
        cpu_exit(EXIT_FINE);
    }
    if (!chosen.test)
        cpu_exit(EXIT_REFUSED);
    prepare(memory, options, &places);
    if (options->play) {
        lab_play(chosen, &places, options->seed);
        cpu_exit(EXIT_FINE);
    }
    if (!stages_start(table, chosen.lab->stage))
        cpu_exit(EXIT_REFUSED);
    watchdog_start(TEST_SECONDS);
    lab_run(chosen, &places, options->seed);
    cpu_exit(EXIT_FINE);
}
