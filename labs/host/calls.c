/* SPDX-License-Identifier: MIT */
/* The calls of a test, for the reader of a failure. */
#include "adapter.h"

#include <stdio.h>

#define KEPT 4096u

struct call {
    struct lab_record record;
    bool answered;
};

static struct call calls[KEPT];
static size_t count;
static const struct lab_places *places;

static const char *const names[LAB_CALLS] = {
    [LAB_FRAMES_START] = "frames_init",
    [LAB_FRAME_ALLOC] = "frame_alloc",
    [LAB_FRAME_ALLOC_RUN] = "frame_alloc_run",
    [LAB_FRAME_FREE] = "frame_free",
    [LAB_FRAME_FREE_RUN] = "frame_free_run",
    [LAB_PAGING_START] = "(a new directory)",
    [LAB_MAP] = "page_map",
    [LAB_UNMAP] = "page_unmap",
    [LAB_PROTECT] = "page_protect",
    [LAB_TRANSLATE] = "page_translate",
    [LAB_LOAD] = "arch_load_directory",
    [LAB_READ] = "(read)",
    [LAB_WRITE] = "(write)",
    [LAB_HEAP_START] = "(an empty heap)",
    [LAB_ALLOC] = "kmalloc",
    [LAB_REALLOC] = "krealloc",
    [LAB_FREE] = "kfree",
    [LAB_SIZE] = "kmalloc_size",
    [LAB_ZONES_START] = "(no zones yet)",
    [LAB_CACHE_CREATE] = "zone_cache_create",
    [LAB_CACHE_ALLOC] = "zone_cache_alloc",
    [LAB_CACHE_FREE] = "zone_cache_free",
    [LAB_CACHE_DESTROY] = "zone_cache_destroy",
    [LAB_WINDOW_INIT] = "window_init",
    [LAB_WINDOW_MOVE_END] = "window_move_end",
    [LAB_WINDOW_CLOSE] = "window_close",
};

/* How many arguments are worth a look. */
static int argument_count(enum lab_call call)
{
    switch (call) {
    case LAB_MAP:
        return 3;
    case LAB_FRAME_ALLOC:
        return 0;
    case LAB_FRAME_FREE:
    case LAB_FREE:
    case LAB_SIZE:
    case LAB_LOAD:
    case LAB_PAGING_START:
    case LAB_FRAMES_START:
    case LAB_CACHE_ALLOC:
    case LAB_CACHE_DESTROY:
        return 1;
    default:
        return 2;
    }
}

void calls_begin(const struct lab_places *where)
{
    places = where;
    count = 0;
}

/* Places in the heap are told from its beginning: easier to compare. */
static void print_value(uint32_t value)
{
    if (value >= places->heap_begin && value < places->heap_end)
        fprintf(stderr, "heap+%#x", (unsigned)(value - places->heap_begin));
    else if (value < 10)
        fprintf(stderr, "%u", (unsigned)value);
    else if (value < 1u << 22)
        fprintf(stderr, "%u", (unsigned)value);
    else
        fprintf(stderr, "%#x", (unsigned)value);
}

static void print_call(size_t number, const struct call *call)
{
    const struct lab_record *record = &call->record;
    int arguments = argument_count(record->call);

    fprintf(stderr, "  %4zu  line %-4d %s", number + 1, record->line,
            names[record->call]);
    for (int i = 0; i < arguments; i++) {
        fputs(i == 0 ? "(" : ", ", stderr);
        print_value(record->arguments[i]);
    }
    fputs(arguments > 0 ? ")" : "()", stderr);
    if (call->answered) {
        fputs(" = ", stderr);
        print_value(record->result);
    } else {
        fputs("   <-- did not come back", stderr);
    }
    fputc('\n', stderr);
}

size_t calls_count(void)
{
    return count;
}

/* All of a short list; of a long one, the end. */
void calls_print(void)
{
    size_t shown = count < 40 ? count : 20;

    fprintf(stderr, "calls: %zu\n", count);
    for (size_t i = count - shown; i < count; i++)
        print_call(i, &calls[i % KEPT]);
}

void lab_side_before(const struct lab_record *record)
{
    if (record->call == LAB_HEAP_START)
        guard_heap(record->arguments[0], record->arguments[1]);
    if (record->call == LAB_ZONES_START)
        open_arena();
    allow_work(WORK_OF_A_CALL);
    calls[count++ % KEPT] = (struct call){ *record, false };
}

/* Nothing is ever played back here. */

bool lab_side_playing(void)
{
    return false;
}

bool lab_side_played(struct lab_record *record)
{
    (void)record;
    return false;
}

void lab_side_see(void *value, size_t bytes)
{
    (void)value, (void)bytes;
}

void lab_side_after(const struct lab_record *record)
{
    calls[(count - 1) % KEPT] = (struct call){ *record, true };
}
