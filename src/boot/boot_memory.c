/* SPDX-License-Identifier: MIT */
/* Finds the memory of the machine, and sets parts of it aside. */
#include "boot/boot_memory.h"

#include "arch/i386/image.h"
#include "arch/i386/layout.h"
#include "labtest/call_record.h"
#include "lib/print.h"
#include "replay/replay.h"

#define INFO_ALIGNMENT 8u

static void boot_memory_lay_out(struct boot_memory *memory, uint32_t reach)
{
    const struct boot_info *boot = &memory->boot;

    memory->layout = (struct memory_layout){
        .available = boot->available,
        .available_count = boot->available_count,
        .in_use = boot->in_use,
        .in_use_count = boot->in_use_count,
        .reach = reach,
    };
}

static void take_in_use(struct boot_memory *memory, uint64_t begin,
                        uint64_t end, const char *name)
{
    boot_add_in_use(&memory->boot, begin, end, name);
    memory->layout.in_use_count = memory->boot.in_use_count;
}

/* The name of a trace: the part of its path after the last slash. */
static const char *file_name(const char *path)
{
    const char *name = path;

    for (; *path; path++) {
        if (*path == '/')
            name = path + 1;
    }
    return name;
}

static void find_traces(struct boot_memory *memory)
{
    const struct boot_info *boot = &memory->boot;

    memory->trace_count = boot->module_count;
    for (size_t i = 0; i < boot->module_count; i++) {
        const struct boot_module *module = &boot->modules[i];

        memory->traces[i] = (struct trace_file){
            .name = file_name(module->name),
            .text = phys_to_virt(module->begin),
            .bytes = module->end.addr - module->begin.addr,
        };
    }
}

void boot_memory_read(struct boot_memory *memory, uint32_t magic, uint32_t info,
                      uint32_t reach)
{
    if (magic != MULTIBOOT2_MAGIC)
        panic("eax holds %#x, not %#x: the loader is not Multiboot2", magic,
              MULTIBOOT2_MAGIC);
    if (info % INFO_ALIGNMENT != 0 || info >= reach)
        panic("boot information at %#x: misaligned or out of reach", info);
    if (!multiboot2_parse(phys_to_virt((phys_t){ info }), &memory->boot))
        panic("boot information at %#x: of no use", info);
    boot_memory_lay_out(memory, reach);
    take_in_use(memory, virt_to_phys(image_begin).addr,
                virt_to_phys(image_end).addr, "image");
    find_traces(memory);
}

void boot_memory_set_replay_aside(struct boot_memory *memory, size_t heap_bytes)
{
    size_t bytes =
        replay_memory_needed(memory->traces, memory->trace_count, heap_bytes);
    uint64_t begin = layout_find_room(&memory->layout, LOW_MEMORY_END, bytes);

    if (begin == NO_ROOM) {
        print("no %zu bytes for replay to work in: the traces are left out\n",
              bytes);
        memory->trace_count = 0;
        return;
    }
    take_in_use(memory, begin, begin + bytes, "replay");
    replay_init((struct replay_memory){
        phys_to_virt((phys_t){ (uint32_t)begin }), bytes });
}

uint64_t boot_memory_bytes(const struct boot_memory *memory)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < memory->boot.available_count; i++)
        bytes +=
            memory->boot.available[i].end - memory->boot.available[i].begin;
    return bytes;
}

/* A page in the lower half of the memory in reach; each key gives another
 * page.  The call record may be anywhere above it. */
static uint64_t call_record_lowest(const struct boot_memory *memory,
                                   uint32_t key)
{
    uint64_t bytes = boot_memory_bytes(memory);
    uint64_t reach = memory->layout.reach;
    uint32_t half = (uint32_t)((bytes < reach ? bytes : reach) / 2);

    return LOW_MEMORY_END + page_down(key % (half + 1));
}

uint32_t boot_memory_set_record_aside(struct boot_memory *memory, uint32_t key,
                                      bool play)
{
    const struct memory_layout *layout = &memory->layout;
    uint64_t begin = layout_find_room(layout, call_record_lowest(memory, key),
                                      CALL_RECORD_BYTES);
    void *at;

    if (begin == NO_ROOM)
        begin = layout_find_room(layout, LOW_MEMORY_END, CALL_RECORD_BYTES);
    if (begin == NO_ROOM) {
        print("no %u bytes for a call record: nothing is written down\n",
              CALL_RECORD_BYTES);
        return 0;
    }
    take_in_use(memory, begin, begin + CALL_RECORD_BYTES, "call record");
    at = phys_to_virt((phys_t){ (uint32_t)begin });
    if (play)
        call_record_open(at, CALL_RECORD_BYTES, key);
    else
        call_record_init(at, CALL_RECORD_BYTES, key);
    return (uint32_t)begin;
}

bool boot_memory_set_lab_aside(struct boot_memory *memory,
                               struct lab_places *places)
{
    uint32_t bytes = LAB_ARENA_BYTES + LAB_WORK_BYTES + LAB_SCRATCH_BYTES;
    uint64_t begin = layout_find_room(&memory->layout, LOW_MEMORY_END, bytes);

    if (begin == NO_ROOM) {
        print("no %u bytes for a test to work in\n", bytes);
        return false;
    }
    take_in_use(memory, begin, begin + bytes, "test");
    places->arena = (phys_t){ (uint32_t)begin };
    places->work = phys_to_virt((phys_t){ (uint32_t)begin + LAB_ARENA_BYTES });
    places->work_bytes = LAB_WORK_BYTES;
    places->scratch = (uint8_t *)places->work + LAB_WORK_BYTES;
    return true;
}

void boot_memory_print_unreachable(const struct boot_memory *memory)
{
    const struct memory_layout *layout = &memory->layout;

    for (size_t i = 0; i < layout->available_count; i++) {
        const struct region *region = &layout->available[i];
        uint64_t begin =
            region->begin > layout->reach ? region->begin : layout->reach;

        if (region->end > begin)
            print("  memory %#llx to %#llx lies beyond the direct map: not "
                  "used\n",
                  (unsigned long long)begin, (unsigned long long)region->end);
    }
}
