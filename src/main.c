/* SPDX-License-Identifier: MIT */
/* The kernel's table of contents.
 *
 * boot.S jumps to kernel_main() on the boot stack, with 4 MiB pages mapped at
 * 3 GiB.  One image serves every lab: the kernel starts the stages below in
 * order, as far as `stage=` on the command line says, and checks each of them
 * before the next one builds on it.
 */
#include "arch/i386/console.h"
#include "arch/i386/directory.h"
#include "arch/i386/layout.h"
#include "arch/i386/segments.h"
#include "arch/i386/symbols.h"
#include "arch/i386/traps.h"
#include "boot/again.h"
#include "boot/boot_memory.h"
#include "boot/explain.h"
#include "boot/finish.h"
#include "boot/first_stages.h"
#include "boot/heap_stages.h"
#include "boot/options.h"
#include "boot/replay_setup.h"
#include "boot/stages.h"
#include "boot/test_mode.h"
#include "boot/version.h"
#include "lib/addr.h"
#include "lib/print.h"
#include "mm/armour/armour.h"
#include "mm/frames/frames.h"
#include "mm/grow/grow.h"
#include "mm/heap/bump.h"
#include "mm/heap/heap.h"
#include "mm/heap/heap_poison.h"
#include "mm/malloc/malloc.h"
#include "mm/paging/paging.h"
#include "mm/spans/spans.h"
#include "mm/zalloc/zalloc.h"

_Noreturn void kernel_main(uint32_t magic, uint32_t info);

static const struct stage stages[] = {
    { "boot", "labs/0-boot", CORE, start_boot, boot_check, NULL, boot_figures,
      NULL },
    { "frames", "labs/1-frames", CORE, start_frames, frames_check, NULL,
      frames_figures, NULL },
    { "paging", "labs/2-paging", CORE, start_paging, paging_check,
      paging_enable, paging_figures, NULL },
    { "heap", "labs/3-heap", CORE, start_heap, bump_check, NULL, heap_figures,
      &bump_backend },
    { "malloc", "labs/4-malloc", CORE, start_malloc, malloc_check, NULL,
      malloc_figures, &malloc_backend },
    { "zalloc", "labs/5-zalloc", CORE, start_zalloc, zalloc_check, NULL,
      zalloc_figures, &zalloc_backend },
    { "spans", "labs/6-spans", OPTIONAL, start_spans, spans_check, NULL,
      spans_figures, &spans_backend },
    { "armour", "labs/7-armour", OPTIONAL, start_armour, armour_check, NULL,
      armour_figures, &armour_backend },
    { "grow", "labs/8-grow", OPTIONAL, start_grow, grow_check, NULL,
      grow_print_figures, &grow_backend },
};

#define STAGES (sizeof stages / sizeof *stages)

static struct boot_memory memory;
static struct options options;

/* Sets up the machine and reads the boot loader's information.  If an option is
 * wrong, prints a line that names it and returns false. */
static bool start_machine(uint32_t magic, uint32_t info)
{
    bool good;

    direct_map = (struct direct_map){ KERNEL_BASE, DIRECT_MAP_BYTES };
    console_init();                  /* serial line and keyboard */
    segments_init();                 /* and a task for double faults */
    traps_init();                    /* from here on a fault is reported */
    directory_forget_boot_mapping(); /* from here on a null pointer faults */
    boot_memory_read(&memory, magic, info, direct_map.bytes);
    console_use_screen(&memory.boot.screen);
    symbols_init(&memory.boot.symbols);          /* names for backtraces */
    explain_init(&memory.layout);                /* addresses in words */
    again_use(&memory, stages[STAGES - 1].name); /* how to come back here */
    heap_log_use(true);                          /* remembers the last calls */
    print("Mallow %s: where memory comes from\n", MALLOW_VERSION);
    good = test_mode_read_options(&memory.boot, &options);
    test_mode_set_aside(&memory, &options);
    boot_memory_set_replay_aside(&memory, heap_most_bytes(&memory));
    boot_memory_print_unreachable(&memory);
    first_stages_use(&memory);
    replay_setup_init(options.map);
    heap_region_choose(options.heap_bytes);
    if (options.poison)
        heap_poison_want(options.poison);
    return good;
}

_Noreturn void kernel_main(uint32_t magic, uint32_t info)
{
    static const struct stage_table table = { stages, STAGES };
    bool good = start_machine(magic, info);

    if (options.test[0])
        test_mode_run(&table, &memory, &options);
    good &= stages_start(&table, options.stage);
    finish(&memory, &options, good);
}
