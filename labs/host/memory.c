/* SPDX-License-Identifier: MIT */
/* Imitates physical memory and the heap with two mappings.
 *
 *      0 | ... | arena |      | guard | 2 MiB heap ......... | guard |
 *         direct map                   payload in use: poisoned
 *
 * All memory that an allocator must not touch is poisoned: payload that a
 * caller owns, and all bytes outside.  AddressSanitizer stops at the line that
 * does.
 *
 * Both are in the upper half of the addresses, if there is room, as they do in
 * the kernel: a sum of an address and a size that overflows there overflows
 * here.  They are below 3 GiB, beyond which some systems have no memory.
 */
#define _GNU_SOURCE /* MAP_ANONYMOUS, memfd_create */

#include "adapter.h"

#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARENA_BEGIN (16u << 20)
#define GUARD_BYTES (64u << 10)

#define DIRECT_MAP_WISH 0xA0000000u
#define HEAP_WISH       0xB0000000u

static uint8_t *heap;

static void *map_as(uintptr_t wish, size_t bytes, int flags, int file)
{
    void *memory =
        mmap((void *)wish, bytes, PROT_READ | PROT_WRITE, flags, file, 0);

    if (memory == MAP_FAILED) {
        perror("no memory to play with");
        exit(VERDICT_WRONG_USE);
    }
    return memory;
}

static void *map(uintptr_t wish, size_t bytes)
{
    return map_as(wish, bytes, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
}

/* A file, so that a page can be shown in a second place. */
static int memory_file(size_t bytes)
{
    int file = memfd_create("memory", 0);

    if (file < 0 || ftruncate(file, (off_t)bytes) != 0) {
        perror("no file to play memory with");
        exit(VERDICT_WRONG_USE);
    }
    return file;
}

struct lab_places play_memory(void)
{
    int file = memory_file(ARENA_BEGIN + LAB_ARENA_BYTES);

    direct_map.bytes = ARENA_BEGIN + LAB_ARENA_BYTES;
    direct_map.base =
        (uintptr_t)map_as(DIRECT_MAP_WISH, direct_map.bytes, MAP_SHARED, file);
    heap = (uint8_t *)map(HEAP_WISH, LAB_HEAP_BYTES + 2 * GUARD_BYTES) +
           GUARD_BYTES;
    guard_heap((uintptr_t)heap, (uintptr_t)heap + LAB_HEAP_BYTES);
    return (struct lab_places){
        .arena = { ARENA_BEGIN },
        .window_begin = window_reserve(file),
        .heap_begin = (uintptr_t)heap,
        .heap_end = (uintptr_t)heap + LAB_HEAP_BYTES,
        .work = map(0, LAB_WORK_BYTES),
        .work_bytes = LAB_WORK_BYTES,
        .scratch = map(0, LAB_SCRATCH_BYTES),
    };
}

/* A granule of AddressSanitizer's is 8 bytes, and only its end can be poisoned
 * alone: up to 7 bytes before an odd beginning stay open. */
void guard_heap(uintptr_t begin, uintptr_t end)
{
    uint8_t *below = heap - GUARD_BYTES;
    uint8_t *above = heap + LAB_HEAP_BYTES + GUARD_BYTES;

    ASAN_UNPOISON_MEMORY_REGION(heap, LAB_HEAP_BYTES);
    ASAN_POISON_MEMORY_REGION(below, begin - (uintptr_t)below);
    ASAN_POISON_MEMORY_REGION((uint8_t *)end, (uintptr_t)above - end);
}

void open_arena(void)
{
    ASAN_UNPOISON_MEMORY_REGION(phys_to_virt((phys_t){ ARENA_BEGIN }),
                                LAB_ARENA_BYTES);
}

void lab_side_guard(const void *payload, size_t bytes)
{
    ASAN_POISON_MEMORY_REGION(payload, bytes);
}

void lab_side_unguard(const void *payload, size_t bytes)
{
    ASAN_UNPOISON_MEMORY_REGION(payload, bytes);
}
