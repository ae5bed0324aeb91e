/* SPDX-License-Identifier: MIT */
/* The stages that give kmalloc() an allocator.  Each replaces the allocator of
 * the stage before, on the same 2 MiB:
 *
 *     heap     bump
 *     malloc   malloc
 *     zalloc   malloc, and zones in pages borrowed from it
 *     spans    malloc, and spans in pages borrowed from it
 *     armour   armour
 *     grow     armour, and blocks that do not fit go into the heap window
 *
 * Each stage starts from an empty heap; all earlier blocks are gone.
 */
#ifndef BOOT_HEAP_STAGES_H
#define BOOT_HEAP_STAGES_H

#include "boot/boot_memory.h"
#include "lib/stage.h"

#include <stddef.h>
#include <stdint.h>

/* Half open, in the kernel's image. */
struct heap_region {
    uintptr_t begin, end;
};

/* The bytes that the image has for a heap; linker.ld sets them. */
size_t heap_region_most(void);
/* The next stage will use a heap of `bytes` bytes, at most the whole 2 MiB;
 * stage grow may use the window for bytes above that. */
void heap_region_use(size_t bytes);
/* The same for `heap=` of the command line; 0 means the whole heap.  Prints a
 * line if that is more than there is before stage grow. */
void heap_region_choose(size_t bytes);
/* The largest heap: the static part, and as much of the window as memory can
 * back. */
size_t heap_most_bytes(const struct boot_memory *memory);
struct heap_region heap_region(void);
/* The addresses of the window that may hold blocks; empty before stage grow. */
struct heap_region heap_window(void);

/* Start a stage, and print the rest of its line in the boot log. */
enum stage_state start_heap(void);
void heap_figures(void);
enum stage_state start_malloc(void);
void malloc_figures(void);
enum stage_state start_zalloc(void);
void zalloc_figures(void);
enum stage_state start_spans(void);
void spans_figures(void);
enum stage_state start_armour(void);
void armour_figures(void);
enum stage_state start_grow(void);
void grow_print_figures(void);

#endif
