/* SPDX-License-Identifier: MIT */
/* Two levels of tables, from a virtual address to a frame.
 *
 *     address    |  directory index  |  table index  |  offset  |
 *                     10 bits             10 bits       12 bits
 *                        |                   |             |
 *     directory -->  [ entry ] --> table  [ entry ] --> frame + offset
 *                     1 of 1024            1 of 1024
 *
 * A table covers 4 MiB of addresses and costs one frame, so it is made only
 * when the first page of its 4 MiB is mapped.  The entries hold physical
 * addresses, because the processor follows those.  This file must write into
 * the tables; it reaches them through the direct map, which the boot directory
 * has as well.
 *
 * Invariants of the kernel's directory after paging_init():
 *
 * I1: a directory entry is not present, or leads to a table.  Each table and
 *     the directory have a frame of their own, which is in use.
 * I2: every page of the plan shows its frame: page - direct_map.base.
 * I3: a page is writable unless it is in a read-only span.
 * I4: nothing else is mapped: not page 0, not the guards.
 * I5: the tables, and the code and the stack in use, are mapped.
 *
 * Weak points: it never frees a table, and it maps page by page where entries
 * of 4 MiB would do, because the exercise is about tables.
 */
#include "mm/paging/paging.h"

#include "lib/panic.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/frames/frames.h"
#include "mm/paging/paging_private.h"

/* No frame number is longer than the 20 bits an entry has for it. */
#define FRAME_NUMBERS (1u << (32 - PAGE_SHIFT))

struct paging paging;

/* Finding the entry. */

/* The table that a present directory entry leads to. */
static struct page_table *table_of(page_entry_t directory_entry)
{
    ASSERT(entry_is(directory_entry, ENTRY_PRESENT));
    return frame_to_virt(entry_frame(directory_entry));
}

/* Only the boot directory has these: 4 MiB in one entry, and no table. */
static bool in_large_page(const struct page_table *directory, uintptr_t address)
{
    return entry_is(directory->entries[directory_index(address)],
                    ENTRY_PRESENT | ENTRY_LARGE);
}

/* The table entry for `address`; NULL if its directory entry has no table. */
static page_entry_t *find_entry(const struct page_table *directory,
                                uintptr_t address)
{
    /* LAB 2 BEGIN: return NULL; */
    page_entry_t entry = directory->entries[directory_index(address)];

    if ((entry & (ENTRY_PRESENT | ENTRY_LARGE)) != ENTRY_PRESENT)
        return NULL;
    return &table_of(entry)->entries[table_index(address)];
    /* LAB 2 END */
}

/* The entry of a mapped page, or NULL. */
static page_entry_t *find_mapped(const struct page_table *directory,
                                 uintptr_t page)
{
    page_entry_t *entry = find_entry(directory, page);

    if (entry == NULL || !entry_is(*entry, ENTRY_PRESENT))
        return NULL;
    return entry;
}

/* An empty table in a new frame: 1024 entries that are not present.  NULL if no
 * frame is free. */
static struct page_table *new_table(void)
{
    frame_t frame = frame_alloc();

    if (frame.number == FRAME_NONE.number)
        return NULL;
    return memset(frame_to_virt(frame), 0, PAGE_BYTES);
}

/* Makes a table for the 4 MiB around `page`; false if no frame is free.  The
 * directory entry allows writing: the table entries restrict each page.  The
 * table must be empty before the directory entry leads to it. */
static bool add_table(struct page_table *directory, uintptr_t page)
{
    /* LAB 2 BEGIN: return false; */
    struct page_table *table = new_table();

    if (table == NULL)
        return false;
    directory->entries[directory_index(page)] = page_entry(
        frame_of(virt_to_phys(table)), ENTRY_PRESENT | ENTRY_WRITABLE);
    return true;
    /* LAB 2 END */
}

/* Removes a page from the TLB.  The processor keeps used translations there and
 * does not notice when their entries change (Intel SDM volume 3, 4.10.4).  For
 * a directory that is not loaded it has none: loading empties the TLB. */
static void forget(const struct page_table *directory, uintptr_t page)
{
    if (arch_loaded_directory().addr == virt_to_phys(directory).addr)
        arch_flush_page(page);
}

/* The four operations. */

enum page_error page_map(struct page_table *directory, uintptr_t page,
                         frame_t frame, enum page_rights rights)
{
    /* LAB 2 BEGIN: return PAGE_NOT_WRITTEN_YET; */
    page_entry_t *entry = find_entry(directory, page);

    ASSERT_BELOW(frame.number, FRAME_NUMBERS);
    if (!is_page_aligned(page))
        return PAGE_MISALIGNED;
    if (in_large_page(directory, page))
        return PAGE_ALREADY_MAPPED;
    if (entry == NULL) {
        if (!add_table(directory, page))
            return PAGE_NO_MEMORY;
        entry = find_entry(directory, page);
    }
    if (entry_is(*entry, ENTRY_PRESENT))
        return PAGE_ALREADY_MAPPED;
    /* Nothing to forget: what is not present never enters the TLB (Intel SDM
     * volume 3, 4.10.4.3), and this page was not. */
    *entry = page_entry(frame, (uint32_t)rights | ENTRY_PRESENT);
    return PAGE_OK;
    /* LAB 2 END */
}

enum page_error page_unmap(struct page_table *directory, uintptr_t page,
                           frame_t *frame)
{
    /* LAB 2 BEGIN: return PAGE_NOT_WRITTEN_YET; */
    page_entry_t *entry = find_mapped(directory, page);

    if (!is_page_aligned(page))
        return PAGE_MISALIGNED;
    if (entry == NULL)
        return PAGE_NOT_MAPPED;
    if (frame != NULL)
        *frame = entry_frame(*entry);
    *entry = 0;
    forget(directory, page);
    return PAGE_OK;
    /* LAB 2 END */
}

enum page_error page_protect(struct page_table *directory, uintptr_t page,
                             enum page_rights rights)
{
    /* LAB 2 BEGIN: return PAGE_NOT_WRITTEN_YET; */
    page_entry_t *entry = find_mapped(directory, page);

    if (!is_page_aligned(page))
        return PAGE_MISALIGNED;
    if (entry == NULL)
        return PAGE_NOT_MAPPED;
    *entry = (*entry & ~(page_entry_t)ENTRY_WRITABLE) | rights;
    forget(directory, page);
    return PAGE_OK;
    /* LAB 2 END */
}

bool page_translate(const struct page_table *directory, uintptr_t address,
                    phys_t *phys)
{
    /* LAB 2 BEGIN: return false; */
    const page_entry_t *entry = find_mapped(directory, address);
    uint32_t offset = (uint32_t)address % PAGE_BYTES;

    if (in_large_page(directory, address)) {
        entry = &directory->entries[directory_index(address)];
        offset = (uint32_t)address % LARGE_PAGE_BYTES;
    }
    if (entry == NULL)
        return false;
    /* A 4 MiB page is at a multiple of 4 MiB: its low frame bits are 0. */
    phys->addr = frame_base(entry_frame(*entry)).addr + offset;
    return true;
    /* LAB 2 END */
}

const char *page_error_text(enum page_error error)
{
    switch (error) {
    case PAGE_OK:
        return "fine";
    case PAGE_NOT_WRITTEN_YET:
        return "not written yet";
    case PAGE_MISALIGNED:
        return "not the address of a page: not a multiple of 4096";
    case PAGE_ALREADY_MAPPED:
        return "already mapped";
    case PAGE_NOT_MAPPED:
        return "not mapped";
    case PAGE_NO_MEMORY:
        return "no frame for a page table";
    }
    return "unknown error";
}

/* The kernel's directory. */

/* The physical address up to which memory is mapped: memory beyond the layout's
 * reach or beyond the direct map cannot be used. */
static uint64_t plan_reach(const struct memory_layout *layout)
{
    return least(layout->reach, direct_map.bytes);
}

/* Maps the whole pages between two physical addresses; `begin` is page aligned.
 * Regions may overlap: a page that is already mapped shows the same frame. */
static enum page_error map_between(struct page_table *directory, uint64_t begin,
                                   uint64_t end)
{
    ASSERT(begin == page_down(begin));
    for (uint64_t at = begin; at < page_down(end); at += PAGE_BYTES) {
        phys_t phys = { (uint32_t)at };
        enum page_error error =
            page_map(directory, (uintptr_t)phys_to_virt(phys), frame_of(phys),
                     PAGE_WRITABLE);

        if (error != PAGE_OK && error != PAGE_ALREADY_MAPPED)
            return error;
    }
    return PAGE_OK;
}

/* Maps available memory by whole pages, and memory in use by every page that it
 * touches.  Memory beyond reach is not mapped. */
static enum page_error map_layout(struct page_table *directory,
                                  const struct memory_layout *layout)
{
    uint64_t reach = plan_reach(layout);
    enum page_error error = PAGE_OK;

    for (size_t i = 0; i < layout->available_count && error == PAGE_OK; i++) {
        const struct region *region = &layout->available[i];

        error = map_between(directory, page_up(region->begin),
                            least(region->end, reach));
    }
    for (size_t i = 0; i < layout->in_use_count && error == PAGE_OK; i++) {
        const struct region *region = &layout->in_use[i];

        if (region->begin < region->end)
            error = map_between(directory, page_down(region->begin),
                                least(page_up(region->end), reach));
    }
    return error;
}

/* The span is page aligned and does not end before it begins. */
static void assert_span(const struct kernel_span *span)
{
    ASSERT(is_page_aligned(span->begin));
    ASSERT(is_page_aligned(span->end));
    ASSERT(span->begin <= span->end);
}

/* Makes the pages of a span read-only; they are mapped. */
static enum page_error protect_span(struct page_table *directory,
                                    const struct kernel_span *span)
{
    assert_span(span);
    for (uintptr_t page = span->begin; page < span->end; page += PAGE_BYTES) {
        enum page_error error = page_protect(directory, page, PAGE_READ_ONLY);

        if (error != PAGE_OK) {
            print("paging: %s at %#lx: %s\n", span->name, (unsigned long)page,
                  page_error_text(error));
            return error;
        }
    }
    return PAGE_OK;
}

/* Unmaps the pages of a guard.  A page that was never mapped is fine, too. */
static enum page_error unmap_span(struct page_table *directory,
                                  const struct kernel_span *span)
{
    assert_span(span);
    for (uintptr_t page = span->begin; page < span->end; page += PAGE_BYTES) {
        if (page_unmap(directory, page, NULL) == PAGE_NOT_WRITTEN_YET)
            return PAGE_NOT_WRITTEN_YET;
    }
    return PAGE_OK;
}

/* Maps memory, then applies the spans.  Guards come last, so that a guard wins
 * where spans overlap. */
static enum page_error follow_plan(struct page_table *directory,
                                   const struct paging_plan *plan)
{
    enum page_error error = map_layout(directory, plan->layout);

    if (error != PAGE_OK && error != PAGE_NOT_WRITTEN_YET)
        print("paging: mapping memory: %s\n", page_error_text(error));
    for (size_t i = 0; i < plan->span_count && error == PAGE_OK; i++) {
        if (plan->spans[i].kind == SPAN_READ_ONLY)
            error = protect_span(directory, &plan->spans[i]);
    }
    for (size_t i = 0; i < plan->span_count && error == PAGE_OK; i++) {
        if (plan->spans[i].kind == SPAN_GUARD)
            error = unmap_span(directory, &plan->spans[i]);
    }
    return error;
}

/* Frees the tables of a directory that the processor does not use. */
static void give_back_tables(struct page_table *directory)
{
    ASSERT(arch_loaded_directory().addr != virt_to_phys(directory).addr);
    for (uint32_t i = 0; i < ENTRIES_PER_TABLE; i++) {
        if (entry_is(directory->entries[i], ENTRY_PRESENT))
            frame_free(entry_frame(directory->entries[i]));
    }
    frame_free(frame_of(virt_to_phys(directory)));
}

enum stage_state paging_init(const struct paging_plan *plan)
{
    struct page_table *directory = new_table();
    enum page_error error;
    phys_t phys;

    if (directory == NULL) {
        print("paging: no frame for the directory\n");
        return STAGE_BROKEN;
    }
    error = follow_plan(directory, plan);
    if (error != PAGE_OK) {
        give_back_tables(directory);
        return error == PAGE_NOT_WRITTEN_YET ? STAGE_NOT_WRITTEN : STAGE_BROKEN;
    }
    directory->entries[directory_index(DEVICE_WINDOW_BEGIN)] = plan->devices;
    paging = (struct paging){ directory, plan };
    page_translate(directory, 0, &phys); /* says so if it is not written */
    return STAGE_OK;
}

void paging_enable(void)
{
    ASSERT(paging.directory != NULL);
    arch_load_directory(virt_to_phys(paging.directory));
}

struct page_table *kernel_directory(void)
{
    return paging.directory;
}
