/* SPDX-License-Identifier: MIT */
/* The kernel's table of contents.
 *
 * boot.S comes here on the boot stack, with 4 MiB pages mapped high.  One
 * image serves every lab: the stages below are started in order, as far as
 * `stage=` on the command line says, and each is checked before the next one
 * builds on it.
 */
#include "arch/i386/console.h"
#include "arch/i386/cpu.h"
#include "arch/i386/report.h"
#include "arch/i386/segments.h"
#include "arch/i386/symbols.h"
#include "arch/i386/watchdog.h"
#include "explain.h"
#include "heap_stages.h"
#include "inventory.h"
#include "lab/run_kernel.h"
#include "lab/tape.h"
#include "lib/print.h"
#include "lib/record.h"
#include "lib/string.h"
#include "mm/armour.h"
#include "mm/bump.h"
#include "mm/frames.h"
#include "mm/grow.h"
#include "mm/heap.h"
#include "mm/heap_log.h"
#include "mm/malloc.h"
#include "mm/paging.h"
#include "mm/spans.h"
#include "mm/zalloc.h"
#include "monitor/crash.h"
#include "monitor/monitor.h"
#include "stages.h"
#include "workbench.h"

/* All of low physical memory appears here (lib/addr.h has the drawing). */
#define DIRECT_MAP ((struct direct_map){ 0xC0000000u, 768u << 20 })

/* linker.ld; only their addresses mean something. */
extern const char text_begin[], text_end[], rodata_begin[], rodata_end[];
extern const char stack_guard_begin[], stack_guard_end[];

_Noreturn void kernel_main(uint32_t magic, uint32_t info);

/* Patience with the stages, and again with a test: 1,250 million instructions.
 */
#define TEST_SECONDS 10

static struct inventory inventory;
static struct options options;

/* What starts a stage, and the figures in its line of the boot log; those with
 * a heap are in heap_stages.c. */

static enum stage_state start_boot(void)
{
    return STAGE_OK;
}

static void boot_figures(void)
{
    print("%s, %zu traces, instructions %s", inventory.boot.loader,
          inventory.trace_count,
          workbench_counts() ? "counted" : "not counted");
}

static enum stage_state start_frames(void)
{
    return frames_init(&inventory.layout);
}

static void frames_figures(void)
{
    struct frame_counts counts = frame_counts();

    print("%u frames: %u free, %u used, %u reserved", counts.total, counts.free,
          counts.used, counts.reserved);
}

static enum stage_state start_paging(void)
{
    static const struct kernel_span spans[] = {
        { (uintptr_t)text_begin, (uintptr_t)text_end, SPAN_READ_ONLY, "text" },
        { (uintptr_t)rodata_begin, (uintptr_t)rodata_end, SPAN_READ_ONLY,
          "constants" },
        { (uintptr_t)stack_guard_begin, (uintptr_t)stack_guard_end, SPAN_GUARD,
          "stack guard" },
    };
    static const struct paging_plan plan = { &inventory.layout, spans,
                                             sizeof spans / sizeof *spans };

    return paging_init(&plan);
}

static void paging_figures(void)
{
    print("4 KiB pages; text and constants read-only, stack guarded");
}

static const struct stage stages[] = {
    { "boot", "labs/0-boot", start_boot, NULL, NULL, boot_figures, NULL },
    { "frames", "labs/1-frames", start_frames, frames_check, NULL,
      frames_figures, NULL },
    { "paging", "labs/2-paging", start_paging, paging_check, paging_enable,
      paging_figures, NULL },
    { "heap", "labs/3-heap", start_heap, bump_check, NULL, heap_figures,
      &bump_backend },
    { "malloc", "labs/4-malloc", start_malloc, malloc_check, NULL,
      malloc_figures, &malloc_backend },
    { "zalloc", "labs/5-zalloc", start_zalloc, zalloc_check, NULL,
      zalloc_figures, &zalloc_backend },
    { "spans", "labs/6-spans", start_spans, spans_check, NULL, spans_figures,
      &spans_backend },
    { "armour", "labs/7-armour", start_armour, armour_check, NULL,
      armour_figures, &armour_backend },
    { "grow", "labs/8-grow", start_grow, grow_check, NULL, grow_print_figures,
      &grow_backend },
};

/* The rows that code below names. */
enum {
    FRAMES = 1,
    PAGING,
    HEAP
};

#define STAGES (sizeof stages / sizeof *stages)

static size_t last_in_force(void)
{
    return stages_in_force() - 1;
}

static bool restart_heap(size_t bytes)
{
    heap_region_use(bytes);
    return stages_restart(last_in_force(), last_in_force());
}

static uint32_t replay(const char *name)
{
    const struct workbench_heap bench = {
        .stage = stages[last_in_force()].name,
        .begin = heap_region().begin,
        .end = heap_region().end,
        .window_begin = heap_window().begin,
        .window_end = heap_window().end,
        .restart = restart_heap,
        .may_run_out = last_in_force() == HEAP,
        .quick = options.quick,
        .history = options.history,
    };

    return workbench_replay(&bench, inventory.traces, inventory.trace_count,
                            name);
}

static void choose_heap(void)
{
    size_t most = heap_region_most();

    if (options.heap_bytes > most)
        print("heap=%u: there are only %zu bytes before stage grow\n",
              options.heap_bytes, most);
    heap_region_use(options.heap_bytes ? options.heap_bytes : SIZE_MAX);
}

/* What machines learn of the boot. */
static void record_boot(void)
{
    static struct record record;
    struct frame_counts counts = { 0 };

    if (stage_in_force(FRAMES))
        counts = frame_counts();
    record_begin(&record, "boot");
    record_text(&record, "stage", stages[last_in_force()].name);
    record_number(&record, "memory_bytes", inventory_memory_bytes(&inventory));
    record_number(&record, "traces", inventory.trace_count);
    record_number(&record, "frames_total", counts.total);
    record_number(&record, "frames_free", counts.free);
    console_record(record.text);
}

/* Ends the machine if that was asked for; else the prompt. */
static _Noreturn void finish(enum exit_code code)
{
    const struct monitor_above above = {
        .print_stages = stages_print,
        .check_stages = stages_check,
        .replay = replay,
        .set_map_pace = workbench_set_pace,
        .frames_ready = stage_in_force(FRAMES),
        .heap_ready = stage_in_force(HEAP),
    };

    if (options.exit)
        cpu_exit(code);
    print("Type help for what can be asked here.\n");
    monitor_run(&above);
}

/* Who has started the machine writes more options here, into its memory: the
 * rest of the line first, its first character last. */
static volatile char asked_line[OPTION_LINE_BYTES];

static bool read_options(void)
{
    bool good = options_parse(inventory.boot.command_line, &options);

    if (options.ask) {
        console_record("ask");
        while (asked_line[0] == 0)
            ;
        good &= options_parse((const char *)asked_line, &options);
    }
    return good;
}

/* Where allocators hand out memory from, while nothing of theirs has run. */
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

/* `test=`: a test of a lab instead of the prompt.  The stages below the lab are
 * started first; the lab's own allocator is started by the test. */
static _Noreturn void run_test(const char *name)
{
    struct lab_chosen_test chosen = lab_find(name);
    struct lab_places places = { 0 };

    if (!chosen.test || !inventory_set_lab_aside(&inventory, &places))
        cpu_exit(EXIT_REFUSED);
    places.window_begin = HEAP_WINDOW_BEGIN;
    places.heap_begin = heap_region().begin;
    places.heap_end = heap_region().end;
    record_places(&places);
    lab_use_traces(inventory.traces, inventory.trace_count);
    if (options.steps[0])
        lab_use_steps(options.steps);
    watchdog_start(TEST_SECONDS);
    if (options.play) {
        lab_play(chosen, &places, options.seed);
        cpu_exit(EXIT_FINE);
    }
    if (!stages_start(stages, STAGES, chosen.lab->stage))
        cpu_exit(EXIT_REFUSED);
    watchdog_start(TEST_SECONDS);
    lab_run(chosen, &places, options.seed);
    cpu_exit(EXIT_FINE);
}

/* Only the machine's owner is told where the tape is, and nobody the key. */
static void start_tape(void)
{
    static struct record record;

    record_begin(&record, "tape");
    record_number(
        &record, "begin",
        inventory_set_tape_aside(&inventory, options.key, options.play));
    record_number(&record, "bytes", TAPE_BYTES);
    console_record(record.text);
    memset(&record, 0, sizeof record);
    memset((char *)asked_line, 0, sizeof asked_line);
    options.key = 0;
}

/* With all of the window that there can be memory for. */
static size_t heap_most_bytes(void)
{
    uint64_t memory = inventory_memory_bytes(&inventory);
    size_t window = HEAP_WINDOW_END - HEAP_WINDOW_BEGIN;

    return heap_region_most() + (memory < window ? (size_t)memory : window);
}

/* The processor, the console, what the loader told us. */
static bool start_machine(uint32_t magic, uint32_t info)
{
    bool options_good;

    direct_map = DIRECT_MAP;
    console_init();
    segments_init();
    traps_init();
    cpu_forget_boot_mapping();
    inventory_read(&inventory, magic, info, direct_map.bytes);
    if (inventory.boot.text_screen)
        console_use_screen();
    symbols_init(&inventory.boot.symbols);
    explain_init(&inventory.layout);
    report_use_describers((struct report_describers){
        explain_address, explain_heap_address, explain_heap_damage });
    heap_log_use(true);
    print("Mallow: where memory comes from\n");
    options_good = read_options();
    if (options.key)
        start_tape();
    inventory_set_replay_aside(&inventory, heap_most_bytes());
    inventory_print_unreachable(&inventory);
    workbench_init(options.map);
    choose_heap();
    return options_good;
}

_Noreturn void kernel_main(uint32_t magic, uint32_t info)
{
    bool good = start_machine(magic, info);

    if (strcmp(options.test, TEST_NAME_LIST) == 0) {
        lab_list_record();
        cpu_exit(EXIT_FINE);
    }
    if (options.test[0])
        run_test(options.test);
    good &= stages_start(stages, STAGES, options.stage);
    record_boot();
    if (!good)
        finish(EXIT_REFUSED);
    if (options.crash[0])
        crash(options.crash);
    if (options.replay && stage_in_force(HEAP) &&
        replay(options.trace[0] ? options.trace : NULL) > 0)
        finish(EXIT_REPLAY_WRONG);
    finish(EXIT_FINE);
}
