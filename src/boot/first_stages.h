/* SPDX-License-Identifier: MIT */
/* The stages before there is a heap: what starts each of them, and the figures
 * in its line of the boot log.  heap_stages.h has the others. */
#ifndef BOOT_FIRST_STAGES_H
#define BOOT_FIRST_STAGES_H

#include "boot/boot_memory.h"
#include "lib/stage.h"
#include "lib/violation.h"

/* Tells these stages which memory there is; call it before any of them. */
void first_stages_use(const struct boot_memory *memory);

enum stage_state start_boot(void);
/* IDT, GDT and tasks: what breaks here makes every later fault a riddle. */
struct violation boot_check(void);
void boot_figures(void);
enum stage_state start_frames(void);
void frames_figures(void);
enum stage_state start_paging(void);
void paging_figures(void);

#endif
