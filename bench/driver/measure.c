/* SPDX-License-Identifier: MIT */
/* The commands that run a list of operations. */
#include "bench/driver/commands.h"
#include "bench/driver/system.h"
#include "bench/driver/work.h"

#include "lib/panic.h"
#include "lib/print.h"
#include "lib/string.h"

/* The heap of a subject that wants one: enough for the first allocator, which
 * never gives anything back. */
#define HEAP_BYTES_MAX (256u << 20)
#define FIT_STEP       1024u

static const struct subject *subject_named(const char *name)
{
    const struct subject *subject = subject_find(name);

    if (!subject)
        leave(2);
    return subject;
}

static uint32_t number(const char *text)
{
    uint32_t value;

    if (!parse_number(text, &value))
        panic("\"%s\" is not a number", text);
    return value;
}

/* The functions of known length, as the counter sees them. */
void command_known(char **arguments)
{
    uintptr_t rounds = number(arguments[0]), ignored;
    uint32_t empty = call_counted(known_1, 0, 0, &ignored) - 1;

    print("%u %u %u %u\n", call_counted(known_1, 0, 0, &ignored) - empty,
          call_counted(known_5, 0, 0, &ignored) - empty,
          call_counted((callee)known_loop, rounds, 0, &ignored) - empty,
          call_counted((callee)known_rep, rounds, 0, &ignored) - empty);
}

/* count SUBJECT OPS BYTES COSTS: what each operation costs. */
void command_count(char **arguments)
{
    const struct subject *subject = subject_named(arguments[0]);
    struct work work = work_load(arguments[1]);
    size_t bytes = number(arguments[2]);
    uint32_t *costs = memory_map(work.count * sizeof *costs + 1, true);

    if (subject->start) {
        uintptr_t begin = (uintptr_t)memory_map(bytes, true);

        if (!subject->start(begin, begin + bytes))
            panic("%s does not start in %zu bytes", subject->name, bytes);
    }
    for (uint32_t i = 0; i < work.count; i++)
        costs[i] = work_step(&work, subject, i);
    if (subject->sound && !subject->sound())
        panic("%s is not sound after the last operation", subject->name);
    file_save(arguments[3], costs, work.count * sizeof *costs);
}

static bool fits(struct work *work, const struct subject *subject,
                 uintptr_t begin, size_t bytes)
{
    work_forget(work);
    if (!subject->start(begin, begin + bytes))
        return false;
    for (uint32_t i = 0; i < work->count; i++) {
        if (work_step(work, subject, i) & COST_FAILED)
            return false;
    }
    return true;
}

/* fit SUBJECT OPS: the smallest heap in which no operation fails, in steps of
 * 1 KiB, everything in it; 0 if even the largest is too small. */
void command_fit(char **arguments)
{
    const struct subject *subject = subject_named(arguments[0]);
    struct work work = work_load(arguments[1]);
    uintptr_t begin = (uintptr_t)memory_map(HEAP_BYTES_MAX, false);
    uint32_t low = 0, high = 16; /* too few steps; maybe enough */

    while (!fits(&work, subject, begin, high * FIT_STEP)) {
        low = high;
        high *= 2;
        if (high * FIT_STEP > HEAP_BYTES_MAX) {
            print("0\n");
            return;
        }
    }
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (fits(&work, subject, begin, middle * FIT_STEP))
            high = middle;
        else
            low = middle;
    }
    print("%u\n", high * FIT_STEP);
}

/* resident SUBJECT OPS: the most memory of its own that the process had, less
 * what it had before the first operation.  Payloads are written to in full,
 * so all of them is resident; so is what the allocator has touched. */
void command_resident(char **arguments)
{
    const struct subject *subject = subject_named(arguments[0]);
    struct work work = work_load(arguments[1]);
    size_t before, most = 0;
    uint32_t faults;

    resident_bytes();
    before = resident_bytes();
    faults = page_faults();
    for (uint32_t i = 0; i < work.count; i++) {
        if (work_step(&work, subject, i) & COST_FAILED)
            panic("operation %u failed", i);
        if (page_faults() != faults) {
            size_t now = resident_bytes();

            most = now > most ? now : most;
            faults = page_faults();
        }
    }
    print("%zu\n", most > before ? most - before : 0);
}
