/* SPDX-License-Identifier: MIT */
/* What the machine came with: the boot loader's information turned into the
 * memory layout, the traces, and what trusted code sets aside for itself.
 */
#ifndef INVENTORY_H
#define INVENTORY_H

#include "arch/i386/multiboot2.h"
#include "lab/side.h"
#include "lib/region.h"
#include "replay/trace.h"

struct inventory {
    struct boot_info boot;
    struct memory_layout layout; /* points into boot */
    struct trace_file traces[BOOT_MODULES_MAX];
    size_t trace_count;
};

/* Reads what stands at `info`; panics, naming what is wrong, if the kernel
 * was not started by a Multiboot2 loader or its information is of no use.
 * `reach` is where the direct map ends. */
void inventory_read(struct inventory *inventory, uint32_t magic, uint32_t info,
                    uint32_t reach);
/* Takes what a replay of the traces needs beside a heap of `heap_bytes`,
 * before any allocator exists, so that no allocator can harm it.  Without room
 * for that it says so, and there are no traces. */
void inventory_set_replay_aside(struct inventory *inventory, size_t heap_bytes);
/* The same for the tape of a test, to be written or to be played back; `key`
 * says where to look for room first.
 * Returns its physical address; 0, after a line that says so, if there is no
 * room, and then there is no tape. */
uint32_t inventory_set_tape_aside(struct inventory *inventory, uint32_t key,
                                  bool play);
/* The same for what a test plays with; false, after a line that says so, if
 * there is no room. */
bool inventory_set_lab_aside(struct inventory *inventory,
                             struct lab_places *places);
/* What the loader calls available, in reach or not. */
uint64_t inventory_memory_bytes(const struct inventory *inventory);
/* A line for each piece of memory that lies out of reach. */
void inventory_print_unreachable(const struct inventory *inventory);

#endif
