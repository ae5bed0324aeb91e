/* SPDX-License-Identifier: MIT */
/* The boot loader's information, turned into the memory layout and the traces;
 * and memory that trusted code sets aside for itself.
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

/* Reads the loader's information at `info`.  Panics with the reason if no
 * Multiboot2 loader has started the kernel, or if its information makes no
 * sense.  `reach` is the end of the direct map. */
void boot_memory_read(struct boot_memory *memory, uint32_t magic, uint32_t info,
                      uint32_t reach);
/* Sets aside the memory that a replay of the traces needs, with a heap of
 * `heap_bytes`.  No allocator exists yet, so none can damage it later.  If
 * there is no room, it prints a line, and there are no traces. */
void boot_memory_set_replay_aside(struct boot_memory *memory,
                                  size_t heap_bytes);
/* The same for a test's call record, which the test will write or play back.
 * `key` says where to look for room first.  Returns its physical address.  If
 * there is no room, it prints a line and returns 0; there is no call record
 * then. */
uint32_t boot_memory_set_record_aside(struct boot_memory *memory, uint32_t key,
                                      bool play);
/* The same for the memory of a lab's test.  If there is no room, it prints a
 * line and returns false. */
bool boot_memory_set_lab_aside(struct boot_memory *memory,
                               struct lab_places *places);
/* The bytes that the loader reports as available, in reach or beyond it. */
uint64_t boot_memory_bytes(const struct boot_memory *memory);
/* Prints a line for each piece of memory that is out of reach. */
void boot_memory_print_unreachable(const struct boot_memory *memory);

#endif
