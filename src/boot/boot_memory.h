/* SPDX-License-Identifier: MIT */
/* What the machine came with: the boot loader's information turned into the
 * memory layout, the traces, and what trusted code sets aside for itself.
 */
#ifndef BOOT_BOOT_MEMORY_H
#define BOOT_BOOT_MEMORY_H

#include "arch/i386/multiboot2.h"
#include "labtest/side.h"
#include "lib/region.h"
#include "replay/trace.h"

struct boot_memory {
    struct boot_info boot;
    struct memory_layout layout; /* points into boot */
    struct trace_file traces[BOOT_MODULES_MAX];
    size_t trace_count;
};

/* Reads what stands at `info`; panics, naming what is wrong, if the kernel
 * was not started by a Multiboot2 loader or its information is of no use.
 * `reach` is where the direct map ends. */
void boot_memory_read(struct boot_memory *memory, uint32_t magic, uint32_t info,
                      uint32_t reach);
/* Takes what a replay of the traces needs beside a heap of `heap_bytes`,
 * before any allocator exists, so that no allocator can harm it.  Without room
 * for that it says so, and there are no traces. */
void boot_memory_set_replay_aside(struct boot_memory *memory,
                                  size_t heap_bytes);
/* The same for a test's call record, which the test will write or play back.
 * `key` says where to look for room first.  Returns its physical address.
 * Without room it prints a line and returns 0: there is no call record then. */
uint32_t boot_memory_set_record_aside(struct boot_memory *memory, uint32_t key,
                                      bool play);
/* The same for what a test plays with; false, after a line that says so, if
 * there is no room. */
bool boot_memory_set_lab_aside(struct boot_memory *memory,
                               struct lab_places *places);
/* What the loader calls available, in reach or not. */
uint64_t boot_memory_bytes(const struct boot_memory *memory);
/* A line for each piece of memory that lies out of reach. */
void boot_memory_print_unreachable(const struct boot_memory *memory);

#endif
