/* SPDX-License-Identifier: MIT */
/* A machine of 16 MiB for tests of the growing heap: 64 KiB of static heap and
 * a window of 8 MiB. */
#ifndef TESTS_HOST_GROW_MACHINE_H
#define TESTS_HOST_GROW_MACHINE_H

#include "mm/frames/frames.h"
#include "mm/grow/grow.h"
#include "mmu.h"

#define GROW_STATIC_BYTES (64u * 1024)

void grow_machine_start(void);
/* The same machine, the heap empty. */
void grow_machine_restart(void);
/* grow, the window, paging and frames. */
void grow_expect_sound(void);

uintptr_t grow_static_begin(void);
/* Payload of the static heap. */
size_t grow_static_bytes(void);
/* One block in all that is left of the static heap. */
void grow_fill_static(void);

#endif
