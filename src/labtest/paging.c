/* SPDX-License-Identifier: MIT */
/* Calls of paging, and a walk through tables as the processor does it.
 *
 *     arena  | data frames | bitmaps | directory | tables, as they are taken |
 */
#include "labtest/common.h"
#include "lib/string.h"

#define TABLE_FLAGS (ENTRY_PRESENT | ENTRY_WRITABLE)

frame_t lab_data_frame(uint32_t i)
{
    ASSERT_BELOW(i, LAB_DATA_FRAMES);
    return (frame_t){ frame_of(lab_places.arena).number + i };
}

/* The allocator of lab 1, over the arena. */
static void paging_start_frames(void)
{
    static struct region available, data;
    static struct memory_layout layout = { &available, 1, &data, 1, 0 };
    uint64_t begin = lab_places.arena.addr;

    available = (struct region){ begin, begin + LAB_ARENA_BYTES, "available" };
    data =
        (struct region){ begin, begin + (uint64_t)LAB_DATA_FRAMES * PAGE_BYTES,
                         "data" };
    layout.reach = available.end;
    if (frames_init(&layout) == STAGE_NOT_WRITTEN)
        LAB_FAIL("lab 1, the frame allocator, is not written yet");
}

/* Empty, with `count` frames left for its tables. */
static struct page_table *new_directory(uint32_t count)
{
    struct page_table *directory;
    frame_t frame;

    lab_side_unload();
    paging_start_frames();
    frame = frame_alloc();
    if (frame.number == FRAME_NONE.number)
        LAB_FAIL("lab 1: no frame from a fresh frame allocator");
    directory = frame_to_virt(frame);
    memset(directory, 0, sizeof *directory);
    while (frame_counts().free > count && frame_alloc().number != 0)
        continue;
    return directory;
}

static bool is_in_arena(const struct page_table *table)
{
    uintptr_t offset =
        (uintptr_t)table - (uintptr_t)phys_to_virt(lab_places.arena);

    return offset % PAGE_BYTES == 0 && offset < LAB_ARENA_BYTES;
}

struct page_table *lab_paging_start(uint32_t count)
{
    struct lab_record record = lab_note(LAB_PAGING_START, count, 0, 0);
    struct page_table *directory = lab_side_played(&record)
                                       ? (struct page_table *)record.result
                                       : new_directory(count);

    lab_noted(&record, lab_address(directory));
    if (!is_in_arena(directory))
        LAB_FAIL("lab 1: a frame that is not the layout's, at %#lx",
                 (unsigned long)directory);
    return directory;
}

static enum page_error paging_written(enum page_error error, const char *name)
{
    if (error == PAGE_NOT_WRITTEN_YET)
        LAB_FAIL("%s is not written yet", name);
    return error;
}

enum page_error lab_map(struct page_table *directory, uintptr_t page,
                        frame_t frame, enum page_rights rights)
{
    struct lab_record record =
        lab_note(LAB_MAP, (uint32_t)page, frame.number, rights);
    enum page_error error = lab_side_played(&record)
                                ? (enum page_error)record.result
                                : page_map(directory, page, frame, rights);

    lab_noted(&record, (uint32_t)error);
    return paging_written(error, "page_map");
}

enum page_error lab_unmap(struct page_table *directory, uintptr_t page,
                          frame_t *frame)
{
    struct lab_record record = lab_note(LAB_UNMAP, (uint32_t)page, 0, 0);
    bool played = lab_side_played(&record);
    enum page_error error = played ? (enum page_error)record.result
                                   : page_unmap(directory, page, frame);

    if (played && frame)
        frame->number = record.arguments[1];
    record.arguments[1] = frame ? frame->number : 0;
    lab_noted(&record, (uint32_t)error);
    return paging_written(error, "page_unmap");
}

enum page_error lab_protect(struct page_table *directory, uintptr_t page,
                            enum page_rights rights)
{
    struct lab_record record = lab_note(LAB_PROTECT, (uint32_t)page, rights, 0);
    enum page_error error = lab_side_played(&record)
                                ? (enum page_error)record.result
                                : page_protect(directory, page, rights);

    lab_noted(&record, (uint32_t)error);
    return paging_written(error, "page_protect");
}

bool lab_translate(const struct page_table *directory, uintptr_t address,
                   phys_t *phys)
{
    struct lab_record record = lab_note(LAB_TRANSLATE, (uint32_t)address, 0, 0);
    bool played = lab_side_played(&record);
    bool found =
        played ? record.result : page_translate(directory, address, phys);

    if (played)
        phys->addr = record.arguments[1];
    record.arguments[1] = phys->addr;
    lab_noted(&record, found);
    return found;
}

static page_entry_t seen(const struct page_table *table, uint32_t index)
{
    page_entry_t entry = table->entries[index];

    lab_side_see(&entry, sizeof entry);
    return entry;
}

page_entry_t lab_walk(const struct page_table *directory, uintptr_t address)
{
    page_entry_t entry = seen(directory, directory_index(address));
    const struct page_table *table;

    if (!entry_is(entry, ENTRY_PRESENT))
        return 0;
    if (entry_is(entry, ENTRY_LARGE))
        LAB_FAIL("directory entry %u, %#x, is marked as a page of 4 MiB",
                 directory_index(address), entry);
    if (entry_frame(entry).number >= direct_map.bytes >> PAGE_SHIFT)
        LAB_FAIL("directory entry %u, %#x, leads to a table where no memory is",
                 directory_index(address), entry);
    if (!entry_is(entry, ENTRY_WRITABLE))
        LAB_FAIL("directory entry %u, %#x, forbids writing to all of its 4 MiB",
                 directory_index(address), entry);
    table = frame_to_virt(entry_frame(entry));
    entry = seen(table, table_index(address));
    return entry_is(entry, ENTRY_PRESENT) ? entry : 0;
}

void lab_load(struct page_table *directory)
{
    struct lab_record record = lab_note(LAB_LOAD, lab_address(directory), 0, 0);

    if (!lab_side_played(&record))
        lab_side_load(directory);
    lab_noted(&record, 0);
}

bool lab_read(uintptr_t address, uint32_t *value)
{
    struct lab_record record = lab_note(LAB_READ, (uint32_t)address, 0, 0);
    bool played = lab_side_played(&record);
    bool done = played ? record.result : lab_side_read(address, value);

    if (played)
        *value = record.arguments[1];
    record.arguments[1] = *value;
    lab_noted(&record, done);
    return done;
}

bool lab_write(uintptr_t address, uint32_t value)
{
    struct lab_record record = lab_note(LAB_WRITE, (uint32_t)address, value, 0);
    bool done = lab_side_played(&record) ? record.result
                                         : lab_side_write(address, value);

    lab_noted(&record, done);
    return done;
}
