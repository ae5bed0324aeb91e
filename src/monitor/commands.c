/* SPDX-License-Identifier: MIT */
/* The commands of the prompt. */
#include "monitor/commands.h"

#include "arch/i386/cpu.h"
#include "arch/i386/walk.h"
#include "lib/print.h"
#include "lib/string.h"
#include "lib/symbol.h"
#include "mm/frames/frames.h"
#include "mm/grow/grow.h"
#include "mm/heap/heap.h"
#include "mm/heap/heap_log.h"
#include "monitor/crash.h"
#include "monitor/map.h"

#define BLOCKS_SHOWN 12u
#define CALLS_SHOWN  16u
#define BLOCKS_KEPT  64u

/* Reads a word as a number; if it is not one, prints a line that names it. */
static bool number(const char *word, uint32_t *value)
{
    if (parse_number(word, value))
        return true;
    print("\"%s\" is not a number; write 4096 or 0x1000\n", word);
    return false;
}

static bool have(bool ready, const char *stage)
{
    if (!ready)
        print("this needs stage %s, which is not in force\n", stage);
    return ready;
}

static void run_help(const struct command_line *line)
{
    (void)line;
    for (unsigned i = 0; i < command_count; i++)
        print("  %-7s %-13s %s\n", commands[i].name, commands[i].arguments,
              commands[i].what);
}

static void run_stages(const struct command_line *line)
{
    line->above->print_stages();
}

static void run_frames(const struct command_line *line)
{
    struct frame_counts counts;

    if (!have(line->above->frames_ready, "frames"))
        return;
    counts = frame_counts();
    print("%u frames of 4 KiB: %u free, %u used, %u reserved\n", counts.total,
          counts.free, counts.used, counts.reserved);
    map_frames();
}

static void run_page(const struct command_line *line)
{
    uint32_t address;

    if (number(line->words[1], &address))
        walk_print(address);
}

/* The results of `alloc`: `free 1` frees the first of them, so that
 * commands can be written down before the addresses are known.  A number in
 * hexadecimal is always an address. */
static uintptr_t handed_out[BLOCKS_KEPT];
static uint32_t blocks_handed_out;

static void remember_block(uintptr_t payload)
{
    if (blocks_handed_out < BLOCKS_KEPT)
        handed_out[blocks_handed_out++] = payload;
}

static uintptr_t block_meant(const char *word, uint32_t value)
{
    bool decimal = word[0] != '0';

    if (decimal && value > 0 && value <= blocks_handed_out)
        return handed_out[value - 1];
    return value;
}

static void run_alloc(const struct command_line *line)
{
    uint32_t bytes, alignment = HEAP_ALIGNMENT;
    void *payload;

    if (!have(line->above->heap_ready, "heap") ||
        !number(line->words[1], &bytes) ||
        (line->words[2] && !number(line->words[2], &alignment)))
        return;
    payload = kmalloc_aligned(bytes, alignment);
    if (payload)
        remember_block((uintptr_t)payload);
    if (payload)
        print("%p, %zu bytes to use\n", payload, kmalloc_size(payload));
    else
        print("NULL: no room for %u bytes at alignment %u\n", bytes, alignment);
}

static void run_free(const struct command_line *line)
{
    uint32_t address;
    enum heap_error error;

    if (!have(line->above->heap_ready, "heap") ||
        !number(line->words[1], &address))
        return;
    error = kfree((void *)block_meant(line->words[1], address));
    if (error == HEAP_OK)
        print("freed\n");
    if (error == HEAP_NOT_WRITTEN) /* about all others kfree has spoken */
        print("nothing is freed: that is not written yet\n");
}

static const char *state_text(enum block_state state)
{
    return state == BLOCK_FREE   ? "free"
           : state == BLOCK_USED ? "used"
                                 : "bookkeeping";
}

/* The counters of run_heap() during its walk. */
struct block_list {
    uint32_t shown, left_out;
    uint32_t limit;
};

static bool print_block(const struct block *block, void *context)
{
    struct block_list *list = context;

    if (list->shown == list->limit) {
        list->left_out++;
        return true;
    }
    list->shown++;
    print("  %#010lx %8zu bytes  %-11s  %s\n", (unsigned long)block->address,
          block->bytes, state_text(block->state), block->owner);
    return true;
}

static void print_heap_figures(void)
{
    struct heap_stats stats = heap_stats();

    print("%zu KiB at %#010lx, served by %s",
          (size_t)(stats.end - stats.begin) / 1024, (unsigned long)stats.begin,
          stats.large);
    if (stats.small)
        print(" and, up to %zu bytes, %s", stats.small_limit, stats.small);
    print("\n%zu bytes live in %zu blocks, %zu at the peak\n",
          stats.usage.used_bytes, stats.usage.used_blocks,
          stats.usage.peak_bytes);
    print("%u allocations, %u frees, %u resizes; %u failures, %u bad frees\n",
          stats.allocations, stats.frees, stats.resizes, stats.failures,
          stats.bad_frees);
}

/* Of the part beyond the 2 MiB; nothing before stage grow. */
static void print_window_figures(void)
{
    struct grow_figures figures = grow_figures();

    if (figures.window.begin == figures.window.end)
        return;
    print("beyond them, from %#010lx on, %zu KiB of frames, %zu KiB at the "
          "peak\n",
          (unsigned long)figures.window.begin, figures.held_bytes / 1024,
          figures.held_peak_bytes / 1024);
    print("grown %u times, %u times shorter, %u times short of frames\n",
          figures.grown, figures.trimmed, figures.refused);
}

static void run_heap(const struct command_line *line)
{
    struct block_list list = { .limit = BLOCKS_SHOWN };

    if (!have(line->above->heap_ready, "heap") ||
        (line->words[1] && !number(line->words[1], &list.limit)))
        return;
    print_heap_figures();
    print_window_figures();
    if (!heap_walk(print_block, &list))
        print("  the walk ended early: the heap is corrupt\n");
    if (list.left_out)
        print("  ... and %u more: heap %u shows them\n", list.left_out,
              list.shown + list.left_out);
}

static void print_call(const struct heap_call *call)
{
    char caller[SYMBOL_TEXT_BYTES];

    caller_text(caller, sizeof caller, call->caller);
    if (call->kind == HEAP_CALL_START) {
        print("  -- a new, empty heap, made by %s\n", caller);
        return;
    }
    print("  %-8s", heap_call_text(call->kind));
    if (call->kind == HEAP_CALL_ALLOC || call->kind == HEAP_CALL_RESIZE)
        print(" %8zu bytes", call->bytes);
    else
        print(" %14s", "");
    if (call->was)
        print("  0x%08lx ->", (unsigned long)call->was);
    print("  0x%08lx  from %s\n", (unsigned long)call->payload, caller);
}

static void run_log(const struct command_line *line)
{
    uint32_t shown = CALLS_SHOWN;

    if (!have(line->above->heap_ready, "heap") ||
        (line->words[1] && !number(line->words[1], &shown)))
        return;
    if (shown > HEAP_LOG_CALLS)
        shown = HEAP_LOG_CALLS;
    while (shown-- > 0) {
        const struct heap_call *call = heap_log_call(shown);

        if (call)
            print_call(call);
    }
}

static void run_map(const struct command_line *line)
{
    const char *pace = line->words[1];

    if (pace && !line->above->set_map_pace(pace))
        print("no pace \"%s\"; there are slow, fast and off\n", pace);
    if (!pace && have(line->above->heap_ready, "heap"))
        map_heap();
}

static void run_replay(const struct command_line *line)
{
    if (have(line->above->heap_ready, "heap"))
        line->above->replay(line->words[1]);
}

static void run_check(const struct command_line *line)
{
    line->above->check_stages();
}

static void run_crash(const struct command_line *line)
{
    crash(line->words[1] ? line->words[1] : "");
}

static void run_reboot(const struct command_line *line)
{
    (void)line;
    cpu_reboot();
}

static void run_exit(const struct command_line *line)
{
    (void)line;
    cpu_exit(EXIT_FINE);
}

const struct command commands[] = {
    { "help", "", "this list", 0, 0, run_help },
    { "stages", "", "how far the kernel has come", 0, 0, run_stages },
    { "frames", "", "physical memory: counts and a map", 0, 0, run_frames },
    { "page", "ADDRESS", "how the processor finds an address", 1, 1, run_page },
    { "alloc", "BYTES [ALIGN]", "kmalloc, or kmalloc_aligned", 1, 2,
      run_alloc },
    { "free", "ADDRESS", "kfree; `free 1`: what alloc gave first", 1, 1,
      run_free },
    { "heap", "[BLOCKS]", "the heap's figures and its first blocks", 0, 1,
      run_heap },
    { "log", "[CALLS]", "the last allocations and frees, and their callers", 0,
      1, run_log },
    { "map", "[PACE]", "the heap as a picture; or the live map's pace", 0, 1,
      run_map },
    { "replay", "[TRACE]", "replay one trace, or all, on an empty heap", 0, 1,
      run_replay },
    { "check", "", "the check of every stage", 0, 0, run_check },
    { "crash", "[KIND]", "fail on purpose; without KIND: the kinds", 0, 1,
      run_crash },
    { "reboot", "", "start the machine again", 0, 0, run_reboot },
    { "exit", "", "leave QEMU", 0, 0, run_exit },
};

const unsigned command_count = sizeof commands / sizeof *commands;
