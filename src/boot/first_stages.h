/* SPDX-License-Identifier: MIT */
/* The stages without a heap: the function that starts each, and the figures in
 * its line of the boot log. heap_stages.h has the others. */
#ifndef BOOT_FIRST_STAGES_H
#define BOOT_FIRST_STAGES_H

#include "boot/boot_memory.h"
#include "lib/stage.h"
#include "lib/violation.h"

/* Tells these stages which memory there is; call it before any of them. */
void first_stages_use(const struct boot_memory *memory);

enum stage_state start_boot(void);
/* Checks IDT, GDT and tasks.  If they are damaged, no later fault can be
 * explained. */
struct violation boot_check(void);
void boot_figures(void);
enum stage_state start_frames(void);
void frames_figures(void);
enum stage_state start_paging(void);
void paging_figures(void);

#endif
