/* SPDX-License-Identifier: MIT */
/* The common part of all calls of a test. */
#include "labtest/common.h"

#include "labtest/live_blocks.h"
#include "lib/panic.h"

const struct lab *lab_chosen;
struct lab_places lab_places;
static const char *here_file = "?";
static int here_line;

void lab_begin(const struct lab *lab, const struct lab_places *places)
{
    ASSERT_BELOW(LAB_WORK_BYTES - 1, places->work_bytes);
    lab_chosen = lab;
    lab_places = *places;
    live_blocks_init(lab_places.work, lab_places.work_bytes);
}

void *lab_scratch(size_t bytes)
{
    ASSERT_BELOW(bytes, LAB_SCRATCH_BYTES + 1);
    return lab_places.scratch;
}

phys_t lab_arena(void)
{
    return lab_places.arena;
}

void lab_here(const char *file, int line)
{
    here_file = file;
    here_line = line;
}

const char *lab_file(void)
{
    return here_file;
}

int lab_line(void)
{
    return here_line;
}

void lab_equal(const char *file, int line, uintptr_t found, uintptr_t expected,
               const char *what)
{
    if (found != expected)
        lab_fail(file, line, "%s: %lu (%#lx), expected %lu (%#lx)", what,
                 (unsigned long)found, (unsigned long)found,
                 (unsigned long)expected, (unsigned long)expected);
}

uint64_t lab_work_of(size_t bytes)
{
    uint64_t work = 0;

    if (!lab_side_playing()) {
        /* The log and the patterns work in proportion to the bytes. */
        bool logged = heap_log_use(false);

        work = lab_side_work();
        kfree(kmalloc(bytes));
        work = lab_side_work() - work;
        heap_log_use(logged);
    }
    lab_side_see(&work, sizeof work);
    return work;
}

struct lab_record lab_note(enum lab_call call, uint32_t a, uint32_t b,
                           uint32_t c)
{
    struct lab_record record = { call, here_line, { a, b, c }, 0 };

    lab_side_before(&record);
    return record;
}

void lab_noted(struct lab_record *record, uint32_t result)
{
    record->result = result;
    lab_side_after(record);
}
