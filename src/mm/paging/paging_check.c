/* SPDX-License-Identifier: MIT */
/* Walks the kernel's directory as the processor would, before the processor
 * uses it.  A mistake that is found here prints a line; the same mistake resets
 * the machine without a word if the processor finds it.
 *
 * The checker shares the format of the entries (arch.h) and the plan with
 * paging.c, and nothing else.  It cuts the plan into pieces (lib/region.h); all
 * pages of a piece must be alike.  Then it compares every page:
 *
 *     0         direct_map.base                             2^32
 *     |  absent  | writable | read only | ... | absent  ... |
 *
 * The device window belongs to arch: its directory entry must be the one that
 * the plan names, and its table is not looked at.
 *
 * Pages of the window are mapped and unmapped later.  They are compared with
 * the ranges that the window's owner keeps; paging_window.c checks their
 * frames.
 */
#include "mm/paging/paging.h"

#include "lib/panic.h"
#include "mm/frames/frames.h"
#include "mm/paging/paging_private.h"

#define BEGUN   "I0: paging_init() has run, and keeps the plan"
#define LEADS   "I1: a directory entry leads to a writable table"
#define OWNED   "I1: a table has a frame that is in use, within reach"
#define ALONE   "I1: no frame holds two tables"
#define SHOWS   "I2: every page of the plan shows its frame"
#define RIGHT   "I3: every page has the rights of the plan"
#define BLANK   "I4: nothing is mapped that the plan does not name"
#define DEVICES "I4: the device window has the entry of the plan"
#define KEPT    "I5: tables, code and stack in use are mapped"

/* The processor sets bits 5 and 6 when a page is used, and ignores bits 9 to
 * 11. All other bits have to be as in the plan. */
#define IGNORED (ENTRY_ACCESSED | ENTRY_DIRTY | 0xE00u)

/* How the pages of a piece must be mapped. */
enum answer {
    ABSENT,
    READ_ONLY,
    WRITABLE,
    CHANGING, /* the window: as its owner says */
    FOREIGN   /* the device window, where one is in use */
};

/* The tables, in the order of the directory's entries. */

/* I1, for one table: its frame is in reach and in use. */
static struct violation paging_check_frame(frame_t frame, uintptr_t found_at)
{
    if (frame.number >= direct_map.bytes >> PAGE_SHIFT ||
        frame_state(frame) != FRAME_IS_USED)
        return (struct violation){ OWNED, found_at, FRAME_IS_USED,
                                   frame.number };
    return SOUND;
}

/* Whether the frame of entry `i` was seen before. */
static bool is_second(const page_entry_t *entries, uint32_t i)
{
    frame_t frame = entry_frame(entries[i]);

    ASSERT(entry_is(entries[i], ENTRY_PRESENT));
    if (frame.number == frame_of(virt_to_phys(entries)).number)
        return true;
    for (uint32_t j = 0; j < i; j++) {
        if (entry_is(entries[j], ENTRY_PRESENT) &&
            entry_frame(entries[j]).number == frame.number)
            return true;
    }
    return false;
}

/* Whether entry `i` is that of a device window in use, as the plan has it. */
static bool paging_is_device_entry(uint32_t i)
{
    const struct page_table *directory = paging.directory;
    page_entry_t devices = paging.plan->devices;

    return devices != 0 && i == directory_index(DEVICE_WINDOW_BEGIN) &&
           (directory->entries[i] & ~IGNORED) == devices;
}

/* I1.  Must be checked before any other check reads a table. */
static struct violation paging_check_tables(void)
{
    const page_entry_t *entries = paging.directory->entries;
    struct violation violation = paging_check_frame(
        frame_of(virt_to_phys(paging.directory)), (uintptr_t)entries);
    const uint32_t flags = ENTRY_PRESENT | ENTRY_WRITABLE;

    for (uint32_t i = 0; i < ENTRIES_PER_TABLE && is_sound(violation); i++) {
        uintptr_t address = (uintptr_t)i << DIRECTORY_SHIFT;

        if (!entry_is(entries[i], ENTRY_PRESENT) || paging_is_device_entry(i))
            continue;
        if ((entries[i] & (flags | ENTRY_LARGE)) != flags)
            return (struct violation){ LEADS, address, flags, entries[i] };
        if (is_second(entries, i))
            return (struct violation){ ALONE, address, 0, entries[i] };
        violation = paging_check_frame(entry_frame(entries[i]), address);
    }
    return violation;
}

/* The pages. */

/* Memory as the direct map shows it, up to where both bounds allow. */
static void piece_meet_memory(struct piece *piece, uint64_t begin, uint64_t end)
{
    uint64_t reach = page_down(paging.plan->layout->reach);

    if (reach > page_down(direct_map.bytes))
        reach = page_down(direct_map.bytes);
    if (end > reach)
        end = reach;
    if (begin < end)
        piece_meet(piece, direct_map.base + begin, direct_map.base + end,
                   WRITABLE);
}

/* The longest piece of the plan that begins at the virtual address `begin` and
 * is the same throughout; its answer is an enum answer. */
static struct piece paging_piece_at(uint64_t begin)
{
    const struct memory_layout *layout = paging.plan->layout;
    struct page_range window = paging_window_range();
    struct piece piece = { begin, 1ull << 32, ABSENT };

    ASSERT(begin < piece.end);
    for (size_t i = 0; i < layout->available_count; i++) {
        const struct region *region = &layout->available[i];

        piece_meet_memory(&piece, page_up(region->begin),
                          page_down(region->end));
    }
    for (size_t i = 0; i < layout->in_use_count; i++) {
        const struct region *region = &layout->in_use[i];

        if (region->begin < region->end)
            piece_meet_memory(&piece, page_down(region->begin),
                              page_up(region->end));
    }
    piece_meet(&piece, window.begin, window.end, CHANGING);
    if (paging.plan->devices != 0)
        piece_meet(&piece, DEVICE_WINDOW_BEGIN, 1ull << 32, FOREIGN);
    return piece;
}

/* Applies the spans to a piece: they take rights away, the guards take all. */
static void piece_meet_spans(struct piece *piece)
{
    const struct paging_plan *plan = paging.plan;
    bool guarded = false;

    for (size_t i = 0; i < plan->span_count; i++) {
        const struct kernel_span *span = &plan->spans[i];
        bool inside = span->begin <= piece->begin && piece->begin < span->end;

        piece_cut(piece, span->begin);
        piece_cut(piece, span->end);
        if (inside && span->kind == SPAN_GUARD)
            guarded = true;
        else if (inside && piece->answer == WRITABLE)
            piece->answer = READ_ONLY;
    }
    if (guarded)
        piece->answer = ABSENT;
}

/* The table that the processor reads for `page`; NULL if there is none. */
static const page_entry_t *table_for(uint32_t page)
{
    page_entry_t entry = paging.directory->entries[page >> DIRECTORY_SHIFT];
    uintptr_t table = direct_map.base + (entry & ~(uint32_t)ENTRY_FLAGS);

    if (!entry_is(entry, ENTRY_PRESENT))
        return NULL;
    return ((const struct page_table *)table)->entries;
}

/* The entry that the processor finds for `page`; 0 if there is no table. */
static page_entry_t walk(uint32_t page)
{
    const page_entry_t *table = table_for(page);

    return table ? table[page >> PAGE_SHIFT & (ENTRIES_PER_TABLE - 1)] : 0;
}

/* Which invariant a wrong entry breaks: I2 by its frame, I3 by its rights. */
static struct violation wrong_page(uint32_t page, page_entry_t expected,
                                   page_entry_t found)
{
    if (!entry_is(found, ENTRY_PRESENT) ||
        entry_frame(found).number != entry_frame(expected).number)
        return (struct violation){ SHOWS, page, expected, found };
    return (struct violation){ RIGHT, page, expected, found };
}

/* I2 and I3.  There may be 196,608 such pages. */
static struct violation paging_check_present(const struct piece *piece)
{
    uint32_t page = (uint32_t)piece->begin;
    uint32_t count = (uint32_t)((piece->end - piece->begin) >> PAGE_SHIFT);
    page_entry_t expected = (page_entry_t)(page - direct_map.base);

    ASSERT(piece->begin >= direct_map.base);
    expected |= ENTRY_PRESENT;
    if (piece->answer == WRITABLE)
        expected |= ENTRY_WRITABLE;
    for (; count > 0; count--) {
        page_entry_t found = walk(page) & ~IGNORED;

        if (found != expected)
            return wrong_page(page, expected, found);
        page += PAGE_BYTES;
        expected += PAGE_BYTES; /* the flags stay, the frame is the next */
    }
    return SOUND;
}

/* I4 */
static struct violation paging_check_absent(const struct piece *piece)
{
    uint64_t at = piece->begin;

    while (at < piece->end) {
        page_entry_t found = walk((uint32_t)at);

        if (entry_is(found, ENTRY_PRESENT))
            return (struct violation){ BLANK, (uintptr_t)at, 0, found };
        if (table_for((uint32_t)at) != NULL)
            at += PAGE_BYTES;
        else /* no table: nothing up to the next 4 MiB */
            at = ((at >> DIRECTORY_SHIFT) + 1) << DIRECTORY_SHIFT;
    }
    return SOUND;
}

/* I4, for the window.  I6 says more about the pages that are mapped. */
static struct violation paging_check_changing(const struct piece *piece)
{
    const uint32_t rights = ENTRY_PRESENT | ENTRY_WRITABLE;

    for (uint64_t at = piece->begin; at < piece->end; at += PAGE_BYTES) {
        uint32_t page = (uint32_t)at;
        page_entry_t found = walk(page);

        if (!paging_window_has(page) && entry_is(found, ENTRY_PRESENT))
            return (struct violation){ BLANK, page, 0, found };
        if (paging_window_has(page) &&
            (found & ENTRY_FLAGS & ~IGNORED) != rights)
            return wrong_page(page, found | rights, found);
    }
    return SOUND;
}

static struct violation paging_check_devices(void)
{
    uint32_t i = directory_index(DEVICE_WINDOW_BEGIN);

    if (paging_is_device_entry(i))
        return SOUND;
    return (struct violation){ DEVICES, DEVICE_WINDOW_BEGIN,
                               paging.plan->devices,
                               paging.directory->entries[i] };
}

/* I2 to I4, for one piece. */
static struct violation paging_check_piece(const struct piece *piece)
{
    ASSERT(piece->begin < piece->end);
    if (piece->answer == ABSENT)
        return paging_check_absent(piece);
    if (piece->answer == CHANGING)
        return paging_check_changing(piece);
    if (piece->answer == FOREIGN)
        return paging_check_devices();
    return paging_check_present(piece);
}

/* I2 to I4, for all addresses. */
static struct violation paging_check_pages(void)
{
    struct violation violation = SOUND;
    struct piece piece = { 0, 0, ABSENT };

    while (piece.end < 1ull << 32 && is_sound(violation)) {
        piece = paging_piece_at(piece.end);
        piece_meet_spans(&piece);
        violation = paging_check_piece(&piece);
    }
    return violation;
}

/* Whether the page around `address` is mapped.  The code and the stack of a
 * host test are outside the direct map; no directory of ours maps them. */
static struct violation paging_check_kept(uintptr_t address)
{
    page_entry_t entry = walk((uint32_t)address);

    if (address - direct_map.base < direct_map.bytes &&
        !entry_is(entry, ENTRY_PRESENT))
        return (struct violation){ KEPT, address, ENTRY_PRESENT, entry };
    return SOUND;
}

/* I5.  Needed because the plan itself may be wrong. */
static struct violation paging_check_all_kept(void)
{
    const page_entry_t *entries = paging.directory->entries;
    struct violation violation = paging_check_kept((uintptr_t)entries);

    if (is_sound(violation))
        violation = paging_check_kept((uintptr_t)&paging_check_all_kept);
    if (is_sound(violation))
        violation = paging_check_kept((uintptr_t)&violation);
    for (uint32_t i = 0; i < ENTRIES_PER_TABLE && is_sound(violation); i++) {
        if (entry_is(entries[i], ENTRY_PRESENT))
            violation = paging_check_kept(
                (uintptr_t)frame_to_virt(entry_frame(entries[i])));
    }
    return violation;
}

struct violation paging_check(void)
{
    struct violation violation;

    if (paging.directory == NULL || paging.plan == NULL)
        return (struct violation){ BEGUN, 0, true, false };
    violation = paging_check_tables();
    if (is_sound(violation))
        violation = paging_check_pages();
    if (is_sound(violation))
        violation = paging_check_window();
    if (is_sound(violation))
        violation = paging_check_all_kept();
    return violation;
}
