/* SPDX-License-Identifier: MIT */
/* After the stages. */
#include "boot/finish.h"

#include "arch/i386/console.h"
#include "arch/i386/cpu.h"
#include "boot/heap_stages.h"
#include "boot/replay_setup.h"
#include "boot/stages.h"
#include "lib/print.h"
#include "lib/record.h"
#include "mm/frames/frames.h"
#include "monitor/crash.h"
#include "monitor/monitor.h"

static struct boot_memory *memory;
static const struct options *options;

static bool restart_heap(size_t bytes)
{
    heap_region_use(bytes);
    return stages_restart_last();
}

static uint32_t replay_by_name(const char *names)
{
    const struct replay_setup_heap heap = {
        .stage = stages_last_name(),
        .begin = heap_region().begin,
        .end = heap_region().end,
        .window_begin = heap_window().begin,
        .window_end = heap_window().end,
        .restart = restart_heap,
        .may_run_out = !stage_in_force("malloc"),
        .quick = options->quick,
        .history = options->history,
    };

    return replay_setup_replay(&heap, memory->traces, memory->trace_count,
                               names);
}

/* Records for the host the last stage and the amount of memory. */
static void record_boot(void)
{
    static struct record record;
    struct frame_counts counts = { 0 };

    if (stage_in_force("frames"))
        counts = frame_counts();
    record_begin(&record, "boot");
    record_text(&record, "stage", stages_last_name());
    record_number(&record, "memory_bytes", boot_memory_bytes(memory));
    record_number(&record, "traces", memory->trace_count);
    record_number(&record, "frames_total", counts.total);
    record_number(&record, "frames_free", counts.free);
    console_record(record.text);
}

/* Ends the machine if the options ask for it; otherwise gives the prompt. */
static _Noreturn void finish_leave(enum exit_code code)
{
    const struct monitor_above above = {
        .print_stages = stages_print,
        .check_stages = stages_check,
        .replay = replay_by_name,
        .set_map_pace = replay_setup_set_pace,
        .frames_ready = stage_in_force("frames"),
        .heap_ready = stage_in_force("heap"),
    };

    monitor_do(&above, options->commands);
    if (options->exit)
        cpu_exit(code);
    print("Type help for what can be asked here.\n");
    monitor_run(&above);
}

_Noreturn void finish(struct boot_memory *boot_memory,
                      const struct options *boot_options, bool good)
{
    memory = boot_memory;
    options = boot_options;
    record_boot();
    if (!good)
        finish_leave(EXIT_REFUSED);
    if (options->crash[0])
        crash(options->crash);
    if (options->replay && stage_in_force("heap") &&
        replay_by_name(options->traces[0] ? options->traces : NULL) > 0)
        finish_leave(EXIT_REPLAY_WRONG);
    finish_leave(EXIT_FINE);
}
