/* SPDX-License-Identifier: MIT */
/* Addresses: physical, virtual, and the one bridge between them.
 *
 *     virtual                         physical
 *     0xC000_0000 + bytes  ---------  bytes      end of the direct map
 *          |  direct map  |           RAM
 *     0xC000_0000          ---------  0
 *
 * The processor takes virtual addresses, page tables hold physical ones, and
 * to C both are 32-bit numbers.  Mixing them up is the classic mistake of this
 * subject, so here they have types that do not mix:
 *
 *     a pointer   is always virtual, and may be dereferenced;
 *     phys_t      is a physical address, and may not;
 *     frame_t     is the number of a physical 4 KiB frame: phys_t / 4096.
 *
 * phys_to_virt() and virt_to_phys() are the only crossing.  Both assert that
 * they stay inside the direct map, because beyond it the subtraction gives a
 * number that means nothing.
 */
#ifndef LIB_ADDR_H
#define LIB_ADDR_H

#include "lib/panic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12u
#define PAGE_BYTES (1u << PAGE_SHIFT)

typedef struct {
    uint32_t addr;
} phys_t;

typedef struct {
    uint32_t number;
} frame_t;

/* Where physical address 0 appears in the virtual address space, and how many
 * bytes from there on may be touched.  Set once, by arch at boot or by a host
 * test that plays physical memory with an array. */
struct direct_map {
    uintptr_t base;
    uint32_t bytes;
};

extern struct direct_map direct_map;

static inline uint32_t bytes_to_pages(uint32_t bytes)
{
    return bytes / PAGE_BYTES + (bytes % PAGE_BYTES != 0);
}

static inline bool is_page_aligned(uintptr_t address)
{
    return address % PAGE_BYTES == 0;
}

static inline uintptr_t align_down(uintptr_t address, uintptr_t alignment)
{
    return address & ~(alignment - 1);
}

/* The caller makes sure that address + alignment does not overflow. */
static inline uintptr_t align_up(uintptr_t address, uintptr_t alignment)
{
    return align_down(address + alignment - 1, alignment);
}

static inline uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline bool is_power_of_two(uintptr_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

static inline frame_t frame_of(phys_t phys)
{
    return (frame_t){ phys.addr >> PAGE_SHIFT };
}

static inline phys_t frame_base(frame_t frame)
{
    return (phys_t){ frame.number << PAGE_SHIFT };
}

static inline void *phys_to_virt(phys_t phys)
{
    ASSERT_BELOW(phys.addr, direct_map.bytes);
    return (void *)(direct_map.base + phys.addr);
}

static inline phys_t virt_to_phys(const void *pointer)
{
    uintptr_t offset = (uintptr_t)pointer - direct_map.base;

    ASSERT_BELOW(offset, direct_map.bytes);
    return (phys_t){ (uint32_t)offset };
}

static inline void *frame_to_virt(frame_t frame)
{
    return phys_to_virt(frame_base(frame));
}

#endif
