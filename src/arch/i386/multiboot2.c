/* SPDX-License-Identifier: MIT */
/* Reads the boot loader's tags and turns them into plain regions. */
#include "arch/i386/multiboot2.h"

#include "arch/i386/layout.h"
#include "lib/print.h"
#include "lib/string.h"

enum tag_type {
    TAG_END = 0,
    TAG_COMMAND_LINE = 1,
    TAG_LOADER_NAME = 2,
    TAG_MODULE = 3,
    TAG_MEMORY_MAP = 6,
    TAG_FRAMEBUFFER = 8,
    TAG_ELF_SECTIONS = 9,
};

struct info_header {
    uint32_t total_size;
    uint32_t reserved;
};

struct tag {
    uint32_t type;
    uint32_t size; /* with this header, without the padding after it */
};

struct tag_module {
    struct tag tag;
    uint32_t begin, end;
    char name[];
};

struct tag_memory_map {
    struct tag tag;
    uint32_t entry_size; /* may grow in later versions: step by it */
    uint32_t entry_version;
};

struct memory_map_entry {
    uint64_t base;
    uint64_t length;
    uint32_t kind;
    uint32_t reserved;
};

struct tag_framebuffer {
    struct tag tag;
    uint64_t address;
    uint32_t pitch, width, height;
    uint8_t bits;
    uint8_t kind;
    uint16_t reserved;
    struct colour_field red, green, blue; /* of FRAMEBUFFER_RGB alone */
};

/* 32-bit fields, as in the specification's header file and in GRUB; its prose
 * says 16. */
struct tag_elf_sections {
    struct tag tag;
    uint32_t count;
    uint32_t entry_size;
    uint32_t names_index;
};

struct elf_section {
    uint32_t name, type, flags, address, offset, bytes;
    uint32_t link, info, alignment, entry_bytes;
};

#define FRAMEBUFFER_RGB   1
#define RGB_TAG_BYTES     38u /* the structure above without its padding */
#define FRAMEBUFFER_TEXT  2
#define MEMORY_AVAILABLE  1
#define SECTION_SYMBOLS   2u
#define SECTION_STRINGS   3u
#define SECTION_ALLOCATED 2u /* flag: part of the image */
#define TAG_ALIGNMENT     8u

/* Memory-map kinds of the specification, 3.6.8; others are reserved, too. */
static const char *const memory_kinds[] = {
    [1] = "available", [2] = "reserved",  [3] = "ACPI tables",
    [4] = "ACPI NVS",  [5] = "defective",
};

static const char *memory_kind(uint32_t kind)
{
    if (kind < sizeof memory_kinds / sizeof *memory_kinds && memory_kinds[kind])
        return memory_kinds[kind];
    return "reserved";
}

/* Least size of each tag that we read; a string needs its final 0. */
static uint32_t least_size(uint32_t type)
{
    switch (type) {
    case TAG_COMMAND_LINE:
    case TAG_LOADER_NAME:
        return sizeof(struct tag) + 1;
    case TAG_MODULE:
        return sizeof(struct tag_module) + 1;
    case TAG_MEMORY_MAP:
        return sizeof(struct tag_memory_map);
    case TAG_FRAMEBUFFER:
        return offsetof(struct tag_framebuffer, kind) + 1;
    case TAG_ELF_SECTIONS:
        return sizeof(struct tag_elf_sections);
    default:
        return sizeof(struct tag);
    }
}

void boot_add_in_use(struct boot_info *boot, uint64_t begin, uint64_t end,
                     const char *name)
{
    if (boot->in_use_count == BOOT_IN_USE_MAX)
        panic("more than %u regions in use; the next is %s at %#llx",
              BOOT_IN_USE_MAX, name, (unsigned long long)begin);
    boot->in_use[boot->in_use_count++] = (struct region){ begin, end, name };
}

/* The string that ends the tag, if it ends inside it; else NULL. */
static const char *tag_text(const struct tag *tag, const char *text)
{
    const char *end = (const char *)tag + tag->size;

    for (const char *c = text; c < end; c++) {
        if (*c == 0)
            return text;
    }
    print("multiboot2: tag %u has a text without an end: ignored\n", tag->type);
    return NULL;
}

static void read_module(const struct tag *tag, struct boot_info *boot)
{
    const struct tag_module *module = (const struct tag_module *)tag;
    const char *name = tag_text(tag, module->name);

    if (module->begin > module->end) {
        print("multiboot2: module ends at %#x, before its begin %#x: "
              "ignored\n",
              module->end, module->begin);
        return;
    }
    boot_add_in_use(boot, module->begin, module->end, "module");
    if (!name)
        return;
    if (module->end > direct_map.bytes) {
        print("multiboot2: module %s ends at %#x, out of reach: ignored\n",
              name, module->end);
        return;
    }
    if (boot->module_count == BOOT_MODULES_MAX) {
        print("multiboot2: more than %u modules: %s ignored\n",
              BOOT_MODULES_MAX, name);
        return;
    }
    boot->modules[boot->module_count++] =
        (struct boot_module){ name, { module->begin }, { module->end } };
}

static void add_memory(struct boot_info *boot,
                       const struct memory_map_entry *entry)
{
    uint64_t end = entry->base + entry->length;

    if (end < entry->base) {
        print("multiboot2: memory at %#llx of %#llx bytes passes the end of "
              "the address space: ignored\n",
              (unsigned long long)entry->base,
              (unsigned long long)entry->length);
        return;
    }
    if (entry->length == 0)
        return;
    if (entry->kind != MEMORY_AVAILABLE) {
        boot_add_in_use(boot, entry->base, end, memory_kind(entry->kind));
        return;
    }
    if (boot->available_count == BOOT_AVAILABLE_MAX) {
        print("multiboot2: more than %u available regions: %#llx ignored\n",
              BOOT_AVAILABLE_MAX, (unsigned long long)entry->base);
        return;
    }
    boot->available[boot->available_count++] =
        (struct region){ entry->base, end, memory_kind(entry->kind) };
}

static bool read_memory_map(const struct tag *tag, struct boot_info *boot)
{
    const struct tag_memory_map *map = (const struct tag_memory_map *)tag;
    uint32_t room = tag->size - (uint32_t)sizeof *map;
    const char *entry = (const char *)(map + 1);

    if (map->entry_size < sizeof(struct memory_map_entry) ||
        map->entry_size % TAG_ALIGNMENT != 0) {
        print("multiboot2: memory map entries of %u bytes, expected at least "
              "%zu and a multiple of %u\n",
              map->entry_size, sizeof(struct memory_map_entry), TAG_ALIGNMENT);
        return false;
    }
    for (; room >= map->entry_size; room -= map->entry_size) {
        add_memory(boot, (const struct memory_map_entry *)entry);
        entry += map->entry_size;
    }
    return true;
}

/* Sections that GRUB loaded only for us carry physical addresses; those of
 * the image carry virtual ones, and are in use with the image. */
static void reserve_section(struct boot_info *boot,
                            const struct elf_section *section)
{
    uint64_t end = (uint64_t)section->address + section->bytes;

    if (section->flags & SECTION_ALLOCATED || section->address == 0)
        return;
    boot_add_in_use(boot, section->address, end, "symbols");
}

static void read_elf_sections(const struct tag *tag, struct boot_info *boot)
{
    const struct tag_elf_sections *elf = (const struct tag_elf_sections *)tag;
    const char *first = (const char *)(elf + 1);
    uint32_t room = tag->size - (uint32_t)sizeof *elf;
    const struct elf_section *table = NULL;

    if (elf->entry_size < sizeof(struct elf_section) ||
        elf->entry_size % _Alignof(struct elf_section) != 0 ||
        elf->count > room / elf->entry_size) {
        print("multiboot2: %u ELF sections of %u bytes do not fit a tag of "
              "%u: ignored\n",
              elf->count, elf->entry_size, tag->size);
        return;
    }
    for (uint32_t i = 0; i < elf->count; i++) {
        const struct elf_section *section =
            (const struct elf_section *)(first + i * elf->entry_size);

        reserve_section(boot, section);
        if (section->type == SECTION_SYMBOLS)
            table = section;
    }
    if (!table || table->link >= elf->count)
        return;

    const struct elf_section *names =
        (const struct elf_section *)(first + table->link * elf->entry_size);

    if (names->type != SECTION_STRINGS || names->bytes == 0 ||
        table->address >= direct_map.bytes ||
        table->bytes > direct_map.bytes - table->address ||
        names->address >= direct_map.bytes ||
        names->bytes > direct_map.bytes - names->address)
        return;
    boot->symbols = (struct boot_symbols){
        phys_to_virt((phys_t){ table->address }), table->bytes,
        phys_to_virt((phys_t){ names->address }), names->bytes
    };
}

/* Only pixels of whole bytes are supported. */
static void read_screen(const struct tag *tag, struct boot_screen *screen)
{
    const struct tag_framebuffer *from = (const struct tag_framebuffer *)tag;

    *screen = (struct boot_screen){ .kind = SCREEN_NONE };
    if (from->kind == FRAMEBUFFER_TEXT)
        screen->kind = SCREEN_TEXT;
    if (from->kind != FRAMEBUFFER_RGB || tag->size < RGB_TAG_BYTES ||
        from->bits < 15 || from->bits > 32)
        return;
    *screen = (struct boot_screen){
        .kind = SCREEN_PIXELS,
        .address = from->address,
        .pitch = from->pitch,
        .width = from->width,
        .height = from->height,
        .pixel_bytes = (from->bits + 7u) / 8,
        .red = from->red,
        .green = from->green,
        .blue = from->blue,
    };
}

static bool read_tag(const struct tag *tag, struct boot_info *boot)
{
    const char *text;

    switch (tag->type) {
    case TAG_COMMAND_LINE:
        text = tag_text(tag, (const char *)(tag + 1));
        boot->command_line = text ? text : "";
        return true;
    case TAG_LOADER_NAME:
        text = tag_text(tag, (const char *)(tag + 1));
        boot->loader = text ? text : "";
        return true;
    case TAG_MODULE:
        read_module(tag, boot);
        return true;
    case TAG_MEMORY_MAP:
        return read_memory_map(tag, boot);
    case TAG_FRAMEBUFFER:
        read_screen(tag, &boot->screen);
        return true;
    case TAG_ELF_SECTIONS:
        read_elf_sections(tag, boot);
        return true;
    default:
        return true; /* tags that we have no use for */
    }
}

static bool read_tags(const struct info_header *info, struct boot_info *boot)
{
    uint32_t at = sizeof *info;

    while (at <= info->total_size &&
           info->total_size - at >= sizeof(struct tag)) {
        const struct tag *tag = (const struct tag *)((const char *)info + at);

        if (tag->type == TAG_END)
            return true;
        if (tag->size < least_size(tag->type) ||
            tag->size > info->total_size - at) {
            print("multiboot2: tag %u at +%#x has %u bytes; expected %u to "
                  "%u\n",
                  tag->type, at, tag->size, least_size(tag->type),
                  info->total_size - at);
            return false;
        }
        if (!read_tag(tag, boot))
            return false;
        at += (uint32_t)align_up(tag->size, TAG_ALIGNMENT);
    }
    print("multiboot2: no end tag within %u bytes\n", info->total_size);
    return false;
}

bool multiboot2_parse(const void *info, struct boot_info *boot)
{
    const struct info_header *header = info;
    phys_t begin = virt_to_phys(info);

    *boot = (struct boot_info){ .command_line = "",
                                .loader = "",
                                .screen = { .kind = SCREEN_TEXT } };
    if (header->total_size < sizeof *header + sizeof(struct tag) ||
        header->total_size > direct_map.bytes - begin.addr) {
        print("multiboot2: total size %u makes no sense\n", header->total_size);
        return false;
    }
    /* The first MiB holds firmware data, the VGA cells and, under UEFI, parts
     * of what the loader tells us. */
    boot_add_in_use(boot, 0, LOW_MEMORY_END, "low memory");
    boot_add_in_use(boot, begin.addr, (uint64_t)begin.addr + header->total_size,
                    "boot info");
    if (!read_tags(header, boot))
        return false;
    if (boot->available_count == 0)
        print("multiboot2: no memory map, or no available memory in it\n");
    return boot->available_count > 0;
}
