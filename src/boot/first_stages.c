/* SPDX-License-Identifier: MIT */
/* Starts stages boot, frames and paging. */
#include "boot/first_stages.h"

#include "arch/i386/directory.h"
#include "arch/i386/image.h"
#include "arch/i386/segments.h"
#include "arch/i386/traps.h"
#include "boot/replay_setup.h"
#include "lib/print.h"
#include "mm/frames/frames.h"
#include "mm/paging/paging.h"

static const struct boot_memory *boot_memory;

void first_stages_use(const struct boot_memory *memory)
{
    boot_memory = memory;
}

/* Stage boot: main.c has done its work before the stages start. */
enum stage_state start_boot(void)
{
    return STAGE_OK;
}

struct violation boot_check(void)
{
    struct violation violation = traps_check();

    return is_sound(violation) ? segments_check() : violation;
}

void boot_figures(void)
{
    print("%s, %zu traces, instructions %s", boot_memory->boot.loader,
          boot_memory->trace_count,
          replay_setup_counts() ? "counted" : "not counted");
}

enum stage_state start_frames(void)
{
    return frames_init(&boot_memory->layout);
}

void frames_figures(void)
{
    struct frame_counts counts = frame_counts();

    print("%u frames: %u free, %u used, %u reserved", counts.total, counts.free,
          counts.used, counts.reserved);
}

enum stage_state start_paging(void)
{
    static const struct kernel_span spans[] = {
        { (uintptr_t)text_begin, (uintptr_t)text_end, SPAN_READ_ONLY, "text" },
        { (uintptr_t)rodata_begin, (uintptr_t)rodata_end, SPAN_READ_ONLY,
          "constants" },
        { (uintptr_t)stack_guard_begin, (uintptr_t)stack_guard_end, SPAN_GUARD,
          "stack guard" },
    };
    static struct paging_plan plan; /* paging_check() reads it later */

    plan = (struct paging_plan){ &boot_memory->layout, spans,
                                 sizeof spans / sizeof *spans,
                                 directory_device_entry() };
    return paging_init(&plan);
}

void paging_figures(void)
{
    print("4 KiB pages; text and constants read-only, stack guarded");
}
