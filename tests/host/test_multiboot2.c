/* SPDX-License-Identifier: MIT */
/* The boot loader's information, right and wrong.
 *
 * Each test builds a structure tag by tag in played physical memory and lets
 * the parser read it.
 */
#include "harness.h"

#include "arch/i386/multiboot2.h"

#include <string.h>

#define MEMORY_BYTES (1u << 20)
#define INFO_AT      0x1000u
#define MODULE_AT    0x8000u

enum {
    END = 0,
    COMMAND_LINE = 1,
    LOADER = 2,
    MODULE = 3,
    MEMORY_MAP = 6,
    FRAMEBUFFER = 8,
    ELF_SECTIONS = 9
};

static uint8_t *memory;
static uint32_t info_bytes;
static struct boot_info boot;

static uint8_t *info(void)
{
    return memory + INFO_AT;
}

static void put32(uint32_t value)
{
    memcpy(info() + info_bytes, &value, sizeof value);
    info_bytes += (uint32_t)sizeof value;
}

static void put64(uint64_t value)
{
    put32((uint32_t)value);
    put32((uint32_t)(value >> 32));
}

static void put_text(const char *text)
{
    memcpy(info() + info_bytes, text, strlen(text) + 1);
    info_bytes += (uint32_t)strlen(text) + 1;
}

static void pad(void)
{
    info_bytes = (info_bytes + 7) & ~7u;
}

static void begin(void)
{
    memory = play_physical_memory(MEMORY_BYTES);
    info_bytes = 0;
    put32(0); /* the total, at the end */
    put32(0);
}

static void put_memory_entry(uint64_t base, uint64_t length, uint32_t kind,
                             uint32_t extra_bytes)
{
    put64(base);
    put64(length);
    put32(kind);
    put32(0);
    memset(info() + info_bytes, 0xFF, extra_bytes);
    info_bytes += extra_bytes;
}

static void put_memory_map(void)
{
    put32(MEMORY_MAP);
    put32(16 + 2 * 24);
    put32(24);
    put32(0);
    put_memory_entry(0, 0x9FC00, 1, 0);
    put_memory_entry(0x9FC00, 0x400, 2, 0);
}

static void put_command_line(const char *text)
{
    put32(COMMAND_LINE);
    put32(8 + (uint32_t)strlen(text) + 1);
    put_text(text);
    pad();
}

static void put_module(uint32_t from, uint32_t to, const char *name)
{
    put32(MODULE);
    put32(16 + (uint32_t)strlen(name) + 1);
    put32(from);
    put32(to);
    put_text(name);
    pad();
}

static void put_end(void)
{
    put32(END);
    put32(8);
}

static bool parse(void)
{
    memcpy(info(), &info_bytes, sizeof info_bytes);
    return multiboot2_parse(info(), &boot);
}

static bool is_in_use(uint64_t from, uint64_t to)
{
    for (size_t i = 0; i < boot.in_use_count; i++) {
        if (boot.in_use[i].begin == from && boot.in_use[i].end == to)
            return true;
    }
    return false;
}

TEST(multiboot2_reads_what_is_there)
{
    begin();
    put_command_line("stage=malloc exit");
    put_module(MODULE_AT, MODULE_AT + 100, "/traces/a.rep");
    put_memory_map();
    put_end();
    CHECK(parse());
    CHECK_TEXT(boot.command_line, "stage=malloc exit");
    CHECK_EQ(boot.module_count, 1);
    CHECK_TEXT(boot.modules[0].name, "/traces/a.rep");
    CHECK_EQ(boot.modules[0].end.addr, MODULE_AT + 100);
    CHECK_EQ(boot.available_count, 1);
    CHECK_EQ(boot.available[0].end, 0x9FC00);
    CHECK(is_in_use(0x9FC00, 0xA0000));
    CHECK(is_in_use(MODULE_AT, MODULE_AT + 100));
    CHECK(is_in_use(INFO_AT, INFO_AT + info_bytes));
    CHECK(is_in_use(0, 0x100000));
    CHECK_TEXT(printed_text(), "");
}

/* A later version of the format may have longer entries. */
TEST(multiboot2_steps_by_entry_size)
{
    begin();
    put32(MEMORY_MAP);
    put32(16 + 2 * 40);
    put32(40);
    put32(1);
    put_memory_entry(0x100000, 0x1000, 1, 16);
    put_memory_entry(0x200000, 0x2000, 1, 16);
    put_end();
    CHECK(parse());
    CHECK_EQ(boot.available_count, 2);
    CHECK_EQ(boot.available[1].begin, 0x200000);
    CHECK_EQ(boot.available[1].end, 0x202000);
}

TEST(multiboot2_short_entries_are_refused)
{
    begin();
    put32(MEMORY_MAP);
    put32(16 + 8);
    put32(8);
    put32(0);
    put64(0);
    put_end();
    CHECK(!parse());
    CHECK(strstr(printed_text(), "entries of 8 bytes"));
}

TEST(multiboot2_entry_size_zero_does_not_hang)
{
    begin();
    put32(MEMORY_MAP);
    put32(16);
    put32(0);
    put32(0);
    put_end();
    CHECK(!parse());
    CHECK(strstr(printed_text(), "entries of 0 bytes"));
}

TEST(multiboot2_memory_past_the_address_space_is_left_out)
{
    begin();
    put32(MEMORY_MAP);
    put32(16 + 2 * 24);
    put32(24);
    put32(0);
    put_memory_entry(0x100000, 0x1000, 1, 0);
    put_memory_entry(0xFFFFFFFFFFFFF000u, 0x2000, 1, 0);
    put_end();
    CHECK(parse());
    CHECK_EQ(boot.available_count, 1);
    CHECK(strstr(printed_text(), "0xfffffffffffff000"));
}

TEST(multiboot2_needs_memory)
{
    begin();
    put_command_line("");
    put_end();
    CHECK(!parse());
    CHECK(strstr(printed_text(), "no memory map"));
}

TEST(multiboot2_tag_larger_than_the_structure)
{
    begin();
    put_memory_map();
    put32(LOADER);
    put32(0x7FFFFFFF);
    put_end();
    CHECK(!parse());
    CHECK(strstr(printed_text(), "tag 2 at +0x48"));
}

TEST(multiboot2_tag_without_size_does_not_hang)
{
    begin();
    put_memory_map();
    put32(21);
    put32(0);
    put_end();
    CHECK(!parse());
    CHECK(strstr(printed_text(), "tag 21 at +0x48 has 0 bytes"));
}

TEST(multiboot2_needs_an_end)
{
    begin();
    put_memory_map();
    CHECK(!parse());
    CHECK(strstr(printed_text(), "no end tag"));
}

TEST(multiboot2_absurd_total)
{
    begin();
    put_end();
    info_bytes = 0xFFFFFFFF;
    CHECK(!parse());
    CHECK(strstr(printed_text(), "total size 4294967295"));
    info_bytes = 8;
    CHECK(!parse());
}

TEST(multiboot2_text_without_end_is_left_out)
{
    begin();
    put_memory_map();
    put32(COMMAND_LINE);
    put32(8 + 4);
    put32(0x41414141);
    put32(0x42424242);
    put_end();
    CHECK(parse());
    CHECK_TEXT(boot.command_line, "");
    CHECK(strstr(printed_text(), "tag 1 has a text without an end"));
}

TEST(multiboot2_module_that_ends_before_it_begins)
{
    begin();
    put_memory_map();
    put_module(0x5000, 0x4000, "backwards");
    put_end();
    CHECK(parse());
    CHECK_EQ(boot.module_count, 0);
    CHECK(strstr(printed_text(), "0x4000, before its begin 0x5000"));
}

/* Out of reach, but its memory is in use all the same. */
TEST(multiboot2_module_out_of_reach)
{
    begin();
    put_memory_map();
    put_module(MEMORY_BYTES, MEMORY_BYTES + 1, "far");
    put_end();
    CHECK(parse());
    CHECK_EQ(boot.module_count, 0);
    CHECK(is_in_use(MEMORY_BYTES, MEMORY_BYTES + 1));
    CHECK(strstr(printed_text(), "module far ends at 0x100001"));
}

TEST(multiboot2_too_many_modules_are_named)
{
    begin();
    put_memory_map();
    for (unsigned i = 0; i < BOOT_MODULES_MAX + 1; i++)
        put_module(MODULE_AT + i, MODULE_AT + i + 1, "m");
    put_end();
    CHECK(parse());
    CHECK_EQ(boot.module_count, BOOT_MODULES_MAX);
    CHECK(strstr(printed_text(), "more than 128 modules"));
}

/* Forgetting a region in use would hand out its memory. */
TEST(multiboot2_too_many_regions_in_use_stop)
{
    begin();
    put_memory_map();
    for (unsigned i = 0; i < BOOT_IN_USE_MAX; i++)
        put_module(MODULE_AT + i, MODULE_AT + i + 1, "m");
    put_end();
    CHECK_PANICS(parse());
    CHECK(strstr(panic_text(), "more than 256 regions in use"));
}

static void put_section(uint32_t type, uint32_t flags, uint32_t address,
                        uint32_t bytes, uint32_t link)
{
    const uint32_t fields[10] = { 0,     type, flags, address, 0,
                                  bytes, link, 0,     1,       0 };

    for (unsigned i = 0; i < 10; i++)
        put32(fields[i]);
}

static void put_sections(uint32_t count, uint32_t names_address)
{
    put32(ELF_SECTIONS);
    put32(20 + 2 * 40);
    put32(count);
    put32(40);
    put32(0);
    put_section(2, 0, 0x6000, 64, 1);
    put_section(3, 0, names_address, 32, 0);
    pad();
}

TEST(multiboot2_finds_symbols)
{
    begin();
    put_memory_map();
    put_sections(2, 0x7000);
    put_end();
    CHECK(parse());
    CHECK_EQ(boot.symbols.table_bytes, 64);
    CHECK_EQ((uintptr_t)boot.symbols.names, (uintptr_t)memory + 0x7000);
    CHECK(is_in_use(0x6000, 0x6040));
    CHECK(is_in_use(0x7000, 0x7020));
}

TEST(multiboot2_symbols_out_of_reach_are_not_followed)
{
    begin();
    put_memory_map();
    put_sections(2, MEMORY_BYTES - 16);
    put_end();
    CHECK(parse());
    CHECK_EQ(boot.symbols.table_bytes, 0);
}

TEST(multiboot2_more_sections_than_the_tag_holds)
{
    begin();
    put_memory_map();
    put_sections(0x10000000, 0x7000);
    put_end();
    CHECK(parse());
    CHECK_EQ(boot.symbols.table_bytes, 0);
    CHECK(strstr(printed_text(), "268435456 ELF sections"));
}

/* No byte that a broken loader writes may make the parser read elsewhere:
 * the sanitizers see to that. */
TEST(multiboot2_single_wrong_bytes)
{
    for (uint32_t at = 0; at < 300; at++) {
        begin();
        put_command_line("stage=malloc");
        put_module(MODULE_AT, MODULE_AT + 100, "a.rep");
        put_memory_map();
        put_sections(2, 0x7000);
        put_end();
        memcpy(info(), &info_bytes, sizeof info_bytes);
        if (at >= info_bytes)
            return;
        info()[at] ^= 0x81;
        multiboot2_parse(info(), &boot);
        printed_text();
    }
}

/* The screen. */

static void put_framebuffer(uint8_t kind, uint8_t bits, uint32_t bytes)
{
    static const uint8_t fields[] = { 16, 8, 8, 8, 0, 8 };

    put32(FRAMEBUFFER);
    put32(bytes);
    put64(0x80000000u);
    put32(4096);
    put32(1024);
    put32(768);
    put32(bits | (uint32_t)kind << 8);
    if (bytes > 32) {
        memcpy(info() + info_bytes, fields, sizeof fields);
        info_bytes += (uint32_t)sizeof fields;
        pad();
    }
}

static enum screen_kind screen_of(uint8_t kind, uint8_t bits, uint32_t bytes)
{
    begin();
    put_memory_map();
    put_framebuffer(kind, bits, bytes);
    put_end();
    CHECK(parse());
    return boot.screen.kind;
}

TEST(multiboot2_knows_screens)
{
    CHECK_EQ(screen_of(2, 16, 32), SCREEN_TEXT);
    CHECK_EQ(screen_of(1, 32, 38), SCREEN_PIXELS);
    CHECK(boot.screen.address == 0x80000000u);
    CHECK_EQ(boot.screen.pitch, 4096);
    CHECK_EQ(boot.screen.width, 1024);
    CHECK_EQ(boot.screen.height, 768);
    CHECK_EQ(boot.screen.pixel_bytes, 4);
    CHECK_EQ(boot.screen.red.shift, 16);
    CHECK_EQ(boot.screen.blue.bits, 8);
    CHECK_EQ(screen_of(1, 15, 38), SCREEN_PIXELS);
    CHECK_EQ(boot.screen.pixel_bytes, 2);
    CHECK_EQ(screen_of(0, 8, 38), SCREEN_NONE);  /* a palette */
    CHECK_EQ(screen_of(1, 8, 38), SCREEN_NONE);  /* fewer bits than colours */
    CHECK_EQ(screen_of(1, 64, 38), SCREEN_NONE); /* more than we can write */
    CHECK_EQ(screen_of(1, 32, 32), SCREEN_NONE); /* no colours told */
}
