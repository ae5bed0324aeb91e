/* SPDX-License-Identifier: MIT */
/* All that mm needs of the processor: the format of page-table entries, and the
 * functions that tell the processor about changed tables.
 *
 * The processor cuts a virtual address like this (Intel SDM volume 3, 4.3):
 *
 *      31        22 21        12 11          0
 *     +------------+------------+-------------+
 *     | directory  |   table    |   offset    |
 *     +------------+------------+-------------+
 *      1024 entries 1024 entries  4096 bytes
 *
 * An entry, of a directory or of a table:
 *
 *      31                     12 11   9 8 7 6 5 4 3 2 1 0
 *     +-------------------------+------+-+-+-+-+-+-+-+-+-+
 *     |      frame number       | free | |S|D|A|C|T|U|W|P|
 *     +-------------------------+------+-+-+-+-+-+-+-+-+-+
 *     P present   W writable   U user   T write through   C no cache
 *     A accessed  D dirty      S 4 MiB page (directory entries only)
 */
#ifndef ARCH_I386_ARCH_H
#define ARCH_I386_ARCH_H

#include "arch/i386/layout.h"
#include "lib/addr.h"

#include <stdbool.h>
#include <stdint.h>

#define ENTRIES_PER_TABLE 1024u
#define DIRECTORY_SHIFT   22u
#define LARGE_PAGE_BYTES  (1u << DIRECTORY_SHIFT)

#define DEVICE_WINDOW_BYTES (LARGE_PAGE_BYTES - PAGE_BYTES)

enum page_entry_bit {
    ENTRY_PRESENT = 1 << 0,
    ENTRY_WRITABLE = 1 << 1,
    ENTRY_USER = 1 << 2,
    ENTRY_WRITE_THROUGH = 1 << 3,
    ENTRY_NO_CACHE = 1 << 4,
    ENTRY_ACCESSED = 1 << 5,
    ENTRY_DIRTY = 1 << 6,
    ENTRY_LARGE = 1 << 7,
    ENTRY_FLAGS = 0xFFF,
};

typedef uint32_t page_entry_t;

/* A page directory and a page table have the same shape: one page. */
struct page_table {
    page_entry_t entries[ENTRIES_PER_TABLE];
};

_Static_assert(sizeof(struct page_table) == PAGE_BYTES,
               "a table is one page, because the processor says so");

static inline uint32_t directory_index(uintptr_t address)
{
    return (uint32_t)address >> DIRECTORY_SHIFT;
}

static inline uint32_t table_index(uintptr_t address)
{
    return ((uint32_t)address >> PAGE_SHIFT) % ENTRIES_PER_TABLE;
}

static inline page_entry_t page_entry(frame_t frame, uint32_t flags)
{
    return frame.number << PAGE_SHIFT | flags;
}

static inline frame_t entry_frame(page_entry_t entry)
{
    return (frame_t){ entry >> PAGE_SHIFT };
}

static inline bool entry_is(page_entry_t entry, uint32_t flags)
{
    return (entry & flags) == flags;
}

/* Makes `directory` the one the processor walks.  Flushes the whole TLB. */
void arch_load_directory(phys_t directory);
/* The directory that the processor walks now. */
phys_t arch_loaded_directory(void);
/* Removes the page at `page` from the TLB.  Needed after a change of an entry
 * that was present: the processor does not watch the tables. */
void arch_flush_page(uintptr_t page);

#endif
