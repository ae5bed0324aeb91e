/* SPDX-License-Identifier: MIT */
#include "inventory.h"

#include "lab/tape.h"
#include "lib/print.h"
#include "replay/replay.h"

#define INFO_ALIGNMENT 8u
#define LOW_MEMORY_END 0x100000u

/* linker.ld; only their addresses mean something. */
extern const char image_begin[], image_end[];

static void lay_out(struct inventory *inventory, uint32_t reach)
{
    const struct boot_info *boot = &inventory->boot;

    inventory->layout = (struct memory_layout){
        .available = boot->available,
        .available_count = boot->available_count,
        .in_use = boot->in_use,
        .in_use_count = boot->in_use_count,
        .reach = reach,
    };
}

static void take_in_use(struct inventory *inventory, uint64_t begin,
                        uint64_t end, const char *name)
{
    boot_add_in_use(&inventory->boot, begin, end, name);
    inventory->layout.in_use_count = inventory->boot.in_use_count;
}

/* A trace is called by what stands behind the last slash. */
static const char *file_name(const char *path)
{
    const char *name = path;

    for (; *path; path++) {
        if (*path == '/')
            name = path + 1;
    }
    return name;
}

static void find_traces(struct inventory *inventory)
{
    const struct boot_info *boot = &inventory->boot;

    inventory->trace_count = boot->module_count;
    for (size_t i = 0; i < boot->module_count; i++) {
        const struct boot_module *module = &boot->modules[i];

        inventory->traces[i] = (struct trace_file){
            .name = file_name(module->name),
            .text = phys_to_virt(module->begin),
            .bytes = module->end.addr - module->begin.addr,
        };
    }
}

void inventory_read(struct inventory *inventory, uint32_t magic, uint32_t info,
                    uint32_t reach)
{
    if (magic != MULTIBOOT2_MAGIC)
        panic("eax holds %#x, not %#x: this was no Multiboot2 loader", magic,
              MULTIBOOT2_MAGIC);
    if (info % INFO_ALIGNMENT != 0 || info >= reach)
        panic("boot information at %#x: misaligned or out of reach", info);
    if (!multiboot2_parse(phys_to_virt((phys_t){ info }), &inventory->boot))
        panic("boot information at %#x: of no use", info);
    lay_out(inventory, reach);
    take_in_use(inventory, virt_to_phys(image_begin).addr,
                virt_to_phys(image_end).addr, "image");
    find_traces(inventory);
}

void inventory_set_replay_aside(struct inventory *inventory, size_t heap_bytes)
{
    size_t bytes = replay_memory_needed(inventory->traces,
                                        inventory->trace_count, heap_bytes);
    uint64_t begin =
        layout_find_room(&inventory->layout, LOW_MEMORY_END, bytes);

    if (begin == NO_ROOM) {
        print("no %zu bytes for replay to work in: the traces are left out\n",
              bytes);
        inventory->trace_count = 0;
        return;
    }
    take_in_use(inventory, begin, begin + bytes, "replay");
    replay_init((struct replay_memory){
        phys_to_virt((phys_t){ (uint32_t)begin }), bytes });
}

uint64_t inventory_memory_bytes(const struct inventory *inventory)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < inventory->boot.available_count; i++)
        bytes += inventory->boot.available[i].end -
                 inventory->boot.available[i].begin;
    return bytes;
}

/* A page in the lower half of what is in reach, another one for each key;
 * what lies above it is where the tape may be. */
static uint64_t tape_lowest(const struct inventory *inventory, uint32_t key)
{
    uint64_t bytes = inventory_memory_bytes(inventory);
    uint64_t reach = inventory->layout.reach;
    uint32_t half = (uint32_t)((bytes < reach ? bytes : reach) / 2);

    return LOW_MEMORY_END + page_down(key % (half + 1));
}

uint32_t inventory_set_tape_aside(struct inventory *inventory, uint32_t key,
                                  bool play)
{
    const struct memory_layout *layout = &inventory->layout;
    uint64_t begin =
        layout_find_room(layout, tape_lowest(inventory, key), TAPE_BYTES);
    void *at;

    if (begin == NO_ROOM)
        begin = layout_find_room(layout, LOW_MEMORY_END, TAPE_BYTES);
    if (begin == NO_ROOM) {
        print("no %u bytes for a tape: nothing is written down\n", TAPE_BYTES);
        return 0;
    }
    take_in_use(inventory, begin, begin + TAPE_BYTES, "tape");
    at = phys_to_virt((phys_t){ (uint32_t)begin });
    if (play)
        tape_open(at, TAPE_BYTES, key);
    else
        tape_init(at, TAPE_BYTES, key);
    return (uint32_t)begin;
}

bool inventory_set_lab_aside(struct inventory *inventory,
                             struct lab_places *places)
{
    uint32_t bytes = LAB_ARENA_BYTES + LAB_WORK_BYTES + LAB_SCRATCH_BYTES;
    uint64_t begin =
        layout_find_room(&inventory->layout, LOW_MEMORY_END, bytes);

    if (begin == NO_ROOM) {
        print("no %u bytes for a test to work in\n", bytes);
        return false;
    }
    take_in_use(inventory, begin, begin + bytes, "test");
    places->arena = (phys_t){ (uint32_t)begin };
    places->work = phys_to_virt((phys_t){ (uint32_t)begin + LAB_ARENA_BYTES });
    places->work_bytes = LAB_WORK_BYTES;
    places->scratch = (uint8_t *)places->work + LAB_WORK_BYTES;
    return true;
}

void inventory_print_unreachable(const struct inventory *inventory)
{
    const struct memory_layout *layout = &inventory->layout;

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
