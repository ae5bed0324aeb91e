/* SPDX-License-Identifier: MIT */
#include "lab/run_kernel.h"

#include "arch/i386/console.h"
#include "arch/i386/counter.h"
#include "arch/i386/cpu.h"
#include "arch/i386/probe.h"
#include "lab/tape.h"
#include "lib/print.h"
#include "lib/record.h"
#include "lib/string.h"

#include <stdarg.h>

#define MESSAGE_BYTES 512

/* The kernel's half of an address space, as directory entries. */
#define KERNEL_ENTRIES_BEGIN 768u
#define KERNEL_ENTRIES_END   1024u

/* Where gdb stops (make debug TEST=...). */
void lab_failed(void);

static struct {
    uint32_t seed;
    const struct trace_file *files;
    size_t file_count;
    struct counter counter;
    uint64_t call_begin;
} run;

/* -- Finding tests -------------------------------------------------------- */

static bool is_test(const char *name, const struct lab *lab,
                    const struct lab_test *test)
{
    size_t length = strlen(lab->name);

    return strncmp(name, lab->name, length) == 0 && name[length] == '/' &&
           strcmp(name + length + 1, test->name) == 0;
}

struct lab_chosen_test lab_find(const char *name)
{
    for (size_t i = 0; i < lab_count; i++) {
        for (size_t j = 0; lab_list[i] && j < lab_list[i]->count; j++) {
            if (is_test(name, lab_list[i], &lab_list[i]->tests[j]))
                return (struct lab_chosen_test){ lab_list[i],
                                                 &lab_list[i]->tests[j] };
        }
    }
    print("no test \"%s\"; test=%s records those there are\n", name,
          TEST_NAME_LIST);
    return (struct lab_chosen_test){ NULL, NULL };
}

static void record_test(const struct lab *lab, const struct lab_test *test)
{
    static struct record record;

    record_begin(&record, "test");
    record_text(&record, "lab", lab->name);
    record_text(&record, "stage", lab->stage);
    record_text(&record, "name", test->name);
    record_number(&record, "points", test->points);
    record_text(&record, "needs", test->needs ? test->needs : "");
    record_text(&record, "what", test->what);
    record_text(&record, "hint", test->hint);
    console_record(record.text);
}

void lab_list_record(void)
{
    for (size_t i = 0; i < lab_count; i++) {
        for (size_t j = 0; lab_list[i] && j < lab_list[i]->count; j++)
            record_test(lab_list[i], &lab_list[i]->tests[j]);
    }
}

/* -- Running -------------------------------------------------------------- */

void lab_use_traces(const struct trace_file *files, size_t count)
{
    run.files = files;
    run.file_count = count;
}

void lab_run(struct lab_chosen_test chosen, const struct lab_places *places,
             uint32_t seed)
{
    run.seed = seed;
    run.counter = counter_calibrate();
    print("test %s/%s, seed %u: %s\n", chosen.lab->name, chosen.test->name,
          seed, chosen.test->what);
    tape_append((struct tape_record){
        .kind = TAPE_BEGIN,
        .arguments = { (uint32_t)places->heap_begin, (uint32_t)places->heap_end,
                       places->arena.addr },
        .result = seed,
    });
    lab_begin(chosen.lab, places);
    chosen.test->run();
    tape_append((struct tape_record){ .kind = TAPE_END });
    print("passed\n");
}

__attribute__((noinline)) void lab_failed(void)
{
    __asm__ volatile(""); /* a call of it is never left out */
}

_Noreturn void lab_fail(const char *file, int line, const char *format, ...)
{
    static char message[MESSAGE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vformat_text(message, sizeof message, format, arguments);
    va_end(arguments);
    tape_append_text(TAPE_FAILED, (uint16_t)line, message);
    print("failed: %s:%d: %s\n", file, line, message);
    lab_failed();
    cpu_exit(EXIT_TEST_FAILED);
}

/* -- What tests and their calls ask for ----------------------------------- */

uint32_t lab_seed(void)
{
    return run.seed;
}

/* Shortening a list of steps is the host's work: it is fast there. */
bool lab_step_wanted(uint32_t step)
{
    (void)step;
    return true;
}

static uint64_t ticks_to_instructions(uint64_t ticks)
{
    uint32_t each = run.counter.ticks_per_instruction;

    return each > 1 ? ticks / each : ticks;
}

uint64_t lab_work(void)
{
    return ticks_to_instructions(counter_now());
}

static struct tape_record tape_of(const struct lab_record *record,
                                  enum tape_kind kind)
{
    return (struct tape_record){
        .kind = (uint16_t)((unsigned)kind + (unsigned)record->call),
        .line = (uint16_t)record->line,
        .arguments = { record->arguments[0], record->arguments[1],
                       record->arguments[2] },
    };
}

void lab_side_before(const struct lab_record *record)
{
    tape_append(tape_of(record, TAPE_CALL));
    run.call_begin = counter_now();
}

void lab_side_after(const struct lab_record *record)
{
    uint64_t ticks = counter_now() - run.call_begin;
    struct tape_record done = tape_of(record, TAPE_DONE);

    done.result = record->result;
    done.instructions = (uint32_t)ticks_to_instructions(ticks);
    tape_append(done);
}

/* Nothing here notices a stray access while it happens. */
void lab_side_guard(const void *payload, size_t bytes)
{
    (void)payload, (void)bytes;
}

void lab_side_unguard(const void *payload, size_t bytes)
{
    (void)payload, (void)bytes;
}

bool lab_side_trace(const char *name, struct trace_file *file)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < run.file_count; i++) {
        *file = run.files[i];
        if (strncmp(file->name, name, length) == 0 &&
            strcmp(file->name + length, ".rep") == 0)
            return true;
    }
    return false;
}

/* The kernel goes on running, so its own half comes along. */
void lab_side_load(struct page_table *directory)
{
    const struct page_table *loaded = phys_to_virt(arch_loaded_directory());

    for (uint32_t i = KERNEL_ENTRIES_BEGIN; i < KERNEL_ENTRIES_END; i++)
        directory->entries[i] = loaded->entries[i];
    arch_load_directory(virt_to_phys(directory));
}

bool lab_side_read(uintptr_t address, uint32_t *value)
{
    return probe_read(address, value);
}

bool lab_side_write(uintptr_t address, uint32_t value)
{
    return probe_write(address, value);
}
