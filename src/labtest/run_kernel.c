/* SPDX-License-Identifier: MIT */
/* One test, in a booted kernel. */
#include "labtest/run_kernel.h"

#include "arch/i386/console.h"
#include "arch/i386/counter.h"
#include "arch/i386/cpu.h"
#include "arch/i386/probe.h"
#include "labtest/call_record.h"
#include "labtest/common.h"
#include "labtest/guard_bytes.h"
#include "labtest/soundness.h"
#include "labtest/steps.h"
#include "lib/print.h"
#include "lib/record.h"
#include "lib/string.h"

#include <stdarg.h>

#define MESSAGE_BYTES 512

/* The arguments of an entry and the result after them. */
#define SEEN_BYTES ((CALL_RECORD_ARGUMENTS + 1) * sizeof(uint32_t))
_Static_assert(offsetof(struct call_record_entry, result) ==
                   offsetof(struct call_record_entry, arguments) +
                       CALL_RECORD_ARGUMENTS * sizeof(uint32_t),
               "SEEN_BYTES lie in one piece");

/* The kernel's half of an address space, as directory entries. */
#define KERNEL_ENTRIES_BEGIN 768u
#define KERNEL_ENTRIES_END   1024u

/* Where gdb stops (make debug TEST=...). */
void lab_failed(void);

static struct {
    uint32_t seed;
    const char *steps; /* NULL for all */
    const struct trace_file *files;
    size_t file_count;
    struct counter counter;
    uint64_t call_begin;
    bool playing;
    uint32_t played; /* records of the call record */
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

static void record_test(const struct lab *lab, const struct lab_test *test,
                        bool hidden)
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
    record_number(&record, "hidden", hidden);
    console_record(record.text);
}

void lab_list_record(void)
{
    for (size_t i = 0; i < lab_count; i++) {
        for (size_t j = 0; lab_list[i] && j < lab_list[i]->count; j++)
            record_test(lab_list[i], &lab_list[i]->tests[j], lab_is_hidden(i));
    }
}

/* -- Running -------------------------------------------------------------- */

void lab_use_traces(const struct trace_file *files, size_t count)
{
    run.files = files;
    run.file_count = count;
}

void lab_use_steps(const char *steps)
{
    run.steps = steps;
}

void lab_run(struct lab_chosen_test chosen, const struct lab_places *places,
             uint32_t seed)
{
    run.seed = seed;
    run.counter = counter_calibrate();
    print("test %s/%s, seed %u: %s\n", chosen.lab->name, chosen.test->name,
          seed, chosen.test->what);
    call_record_append((struct call_record_entry){
        .kind = CALL_RECORD_BEGIN,
        .arguments = { (uint32_t)places->heap_begin, (uint32_t)places->heap_end,
                       places->arena.addr },
        .result = seed,
    });
    lab_begin(chosen.lab, places);
    soundness_forget();
    chosen.test->run();
    lab_expect_sound();
    call_record_append((struct call_record_entry){ .kind = CALL_RECORD_END });
    print("passed\n");
}

/* Writes the verdict for the grader, after a call record was played back. */
static void record_played(const char *wrong)
{
    static struct record record;

    record_begin(&record, "played");
    record_number(&record, "records", run.played);
    record_text(&record, "wrong", wrong);
    console_record(record.text);
}

/* The next record is of this kind; otherwise the test is not doing the same
 * again. */
static struct call_record_entry take_entry(unsigned kind)
{
    struct call_record_entry record = { 0 };

    if (!call_record_take(&record))
        lab_fail("call record", 0, "record %u is missing or written over",
                 run.played);
    if (record.kind != kind)
        lab_fail("call record", 0,
                 "the test has not taken its course: record %u is of kind %#x, "
                 "not %#x",
                 run.played, record.kind, kind);
    run.played++;
    return record;
}

void lab_play(struct lab_chosen_test chosen, const struct lab_places *places,
              uint32_t seed)
{
    run.seed = seed;
    run.playing = true;
    if (take_entry(CALL_RECORD_BEGIN).result != seed)
        lab_fail("call record", 0, "another seed");
    lab_begin(chosen.lab, places);
    soundness_forget();
    chosen.test->run();
    lab_expect_sound();
    take_entry(CALL_RECORD_END);
    lab_verify_memory();
    record_played("");
}

__attribute__((noinline)) void lab_failed(void)
{
    __asm__ volatile(""); /* a call of it is never left out */
}

/* An unwritten function explains a failure better than its consequence does. */
static void say_what_is_not_written(char *message)
{
    size_t length = strlen(message);

    if (not_written_function())
        format_text(message + length, MESSAGE_BYTES - length,
                    "; %s is not written yet", not_written_function());
}

_Noreturn void lab_fail(const char *file, int line, const char *format, ...)
{
    static char message[MESSAGE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vformat_text(message, sizeof message, format, arguments);
    va_end(arguments);
    say_what_is_not_written(message);
    if (run.playing)
        record_played(message);
    else
        call_record_append_text(CALL_RECORD_FAILED, (uint16_t)line, message);
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
    return !run.steps || steps_have(run.steps, step);
}

static uint64_t ticks_to_instructions(uint64_t ticks)
{
    uint32_t each = run.counter.ticks_per_instruction;

    return each > 1 ? ticks / each : ticks;
}

uint64_t lab_side_work(void)
{
    return ticks_to_instructions(counter_now());
}

static struct call_record_entry entry_of_call(const struct lab_record *record,
                                              enum call_record_kind kind)
{
    return (struct call_record_entry){
        .kind = (uint16_t)((unsigned)kind + (unsigned)record->call),
        .line = (uint16_t)record->line,
        .arguments = { record->arguments[0], record->arguments[1],
                       record->arguments[2] },
    };
}

bool lab_side_playing(void)
{
    return run.playing;
}

static void expect_same(const struct lab_record *record,
                        const struct call_record_entry *call)
{
    if (memcmp(record->arguments, call->arguments, sizeof call->arguments) !=
            0 ||
        call->line != (uint16_t)record->line)
        lab_fail("call record", record->line,
                 "the test has not taken its course: record %u, of line %u, is "
                 "another call",
                 run.played - 1, call->line);
}

bool lab_side_played(struct lab_record *record)
{
    struct call_record_entry taken;

    if (!run.playing)
        return false;
    taken = take_entry(CALL_RECORD_CALL + (unsigned)record->call);
    expect_same(record, &taken);
    taken = take_entry(CALL_RECORD_DONE + (unsigned)record->call);
    memcpy(record->arguments, taken.arguments, sizeof taken.arguments);
    record->result = taken.result;
    return true;
}

static void see_piece(uint8_t *value, size_t bytes)
{
    struct call_record_entry seen = { .kind = CALL_RECORD_SEEN };

    if (run.playing) {
        seen = take_entry(CALL_RECORD_SEEN);
        memcpy(value, seen.arguments, bytes);
    } else {
        memcpy(seen.arguments, value, bytes);
        call_record_append(seen);
    }
}

void lab_side_see(void *value, size_t bytes)
{
    uint8_t *begin = value;

    for (size_t at = 0; at < bytes; at += SEEN_BYTES)
        see_piece(begin + at,
                  bytes - at < SEEN_BYTES ? bytes - at : SEEN_BYTES);
}

void lab_side_before(const struct lab_record *record)
{
    if (run.playing)
        return;
    call_record_append(entry_of_call(record, CALL_RECORD_CALL));
    if (record->call == LAB_HEAP_START)
        guard_bytes_set(lab_places.heap_begin, record->arguments[0],
                        record->arguments[1], lab_places.heap_end);
    run.call_begin = counter_now();
}

static void expect_guard_bytes(const struct lab_record *record)
{
    uintptr_t at = guard_bytes_damage();

    if (at)
        lab_fail(lab_file(), record->line,
                 "the allocator has written to %#lx, outside the heap",
                 (unsigned long)at);
}

void lab_side_after(const struct lab_record *record)
{
    uint64_t ticks = counter_now() - run.call_begin;
    struct call_record_entry done = entry_of_call(record, CALL_RECORD_DONE);

    if (run.playing)
        return;
    done.result = record->result;
    done.instructions = (uint32_t)ticks_to_instructions(ticks);
    call_record_append(done);
    expect_guard_bytes(record);
}

/* In the kernel, no sanitizer notices a stray access while it happens. */
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

static phys_t own_directory; /* 0 before the first lab_side_load() */

/* The kernel runs on, so its own half of the addresses is copied, too. */
void lab_side_load(struct page_table *directory)
{
    const struct page_table *loaded = phys_to_virt(arch_loaded_directory());

    if (own_directory.addr == 0)
        own_directory = arch_loaded_directory();
    for (uint32_t i = KERNEL_ENTRIES_BEGIN; i < KERNEL_ENTRIES_END; i++)
        directory->entries[i] = loaded->entries[i];
    arch_load_directory(virt_to_phys(directory));
}

void lab_side_unload(void)
{
    if (own_directory.addr != 0)
        arch_load_directory(own_directory);
}

/* The kernel's own directory is in force. */
void lab_side_window_start(const struct memory_layout *layout)
{
    (void)layout;
}

bool lab_side_read(uintptr_t address, uint32_t *value)
{
    return probe_read(address, value);
}

bool lab_side_write(uintptr_t address, uint32_t value)
{
    return probe_write(address, value);
}
