/* SPDX-License-Identifier: MIT */
/* The boot loader's information: symbols, the screen, and bytes that a broken
 * loader could write. */
#include "multiboot2_info.h"

#include <string.h>

static void put_section(uint32_t type, uint32_t flags, uint32_t address,
                        uint32_t bytes, uint32_t link)
{
    const uint32_t fields[10] = { 0,     type, flags, address, 0,
                                  bytes, link, 0,     1,       0 };

    for (unsigned i = 0; i < 10; i++)
        info_put32(fields[i]);
}

static void put_sections(uint32_t count, uint32_t names_address)
{
    info_put32(ELF_SECTIONS);
    info_put32(20 + 2 * 40);
    info_put32(count);
    info_put32(40);
    info_put32(0);
    put_section(2, 0, 0x6000, 64, 1);
    put_section(3, 0, names_address, 32, 0);
    info_pad();
}

TEST(multiboot2_finds_symbols)
{
    info_begin();
    info_put_memory_map();
    put_sections(2, 0x7000);
    info_put_end();
    CHECK(info_parse());
    CHECK_EQ(info_boot.symbols.table_bytes, 64);
    CHECK_EQ((uintptr_t)info_boot.symbols.names,
             (uintptr_t)info_memory + 0x7000);
    CHECK(info_is_in_use(0x6000, 0x6040));
    CHECK(info_is_in_use(0x7000, 0x7020));
}

TEST(multiboot2_symbols_out_of_reach_are_not_followed)
{
    info_begin();
    info_put_memory_map();
    put_sections(2, MEMORY_BYTES - 16);
    info_put_end();
    CHECK(info_parse());
    CHECK_EQ(info_boot.symbols.table_bytes, 0);
}

TEST(multiboot2_more_sections_than_the_tag_holds)
{
    info_begin();
    info_put_memory_map();
    put_sections(0x10000000, 0x7000);
    info_put_end();
    CHECK(info_parse());
    CHECK_EQ(info_boot.symbols.table_bytes, 0);
    CHECK(strstr(printed_text(), "268435456 ELF sections"));
}

/* No byte that a broken loader writes may make the parser read elsewhere:
 * the sanitizers see to that. */
TEST(multiboot2_single_wrong_bytes)
{
    for (uint32_t at = 0; at < 300; at++) {
        info_begin();
        info_put_command_line("stage=malloc");
        info_put_module(MODULE_AT, MODULE_AT + 100, "a.rep");
        info_put_memory_map();
        put_sections(2, 0x7000);
        info_put_end();
        memcpy(info_start(), &info_bytes, sizeof info_bytes);
        if (at >= info_bytes)
            return;
        info_start()[at] ^= 0x81;
        multiboot2_parse(info_start(), &info_boot);
        printed_text();
    }
}

/* The screen. */

static void put_framebuffer(uint8_t kind, uint8_t bits, uint32_t bytes)
{
    static const uint8_t fields[] = { 16, 8, 8, 8, 0, 8 };

    info_put32(FRAMEBUFFER);
    info_put32(bytes);
    info_put64(0x80000000u);
    info_put32(4096);
    info_put32(1024);
    info_put32(768);
    info_put32(bits | (uint32_t)kind << 8);
    if (bytes > 32) {
        memcpy(info_start() + info_bytes, fields, sizeof fields);
        info_bytes += (uint32_t)sizeof fields;
        info_pad();
    }
}

static enum screen_kind screen_of(uint8_t kind, uint8_t bits, uint32_t bytes)
{
    info_begin();
    info_put_memory_map();
    put_framebuffer(kind, bits, bytes);
    info_put_end();
    CHECK(info_parse());
    return info_boot.screen.kind;
}

TEST(multiboot2_knows_screens)
{
    CHECK_EQ(screen_of(2, 16, 32), SCREEN_TEXT);
    CHECK_EQ(screen_of(1, 32, 38), SCREEN_PIXELS);
    CHECK(info_boot.screen.address == 0x80000000u);
    CHECK_EQ(info_boot.screen.pitch, 4096);
    CHECK_EQ(info_boot.screen.width, 1024);
    CHECK_EQ(info_boot.screen.height, 768);
    CHECK_EQ(info_boot.screen.pixel_bytes, 4);
    CHECK_EQ(info_boot.screen.red.shift, 16);
    CHECK_EQ(info_boot.screen.blue.bits, 8);
    CHECK_EQ(screen_of(1, 15, 38), SCREEN_PIXELS);
    CHECK_EQ(info_boot.screen.pixel_bytes, 2);
    CHECK_EQ(screen_of(0, 8, 38), SCREEN_NONE);  /* a palette */
    CHECK_EQ(screen_of(1, 8, 38), SCREEN_NONE);  /* fewer bits than colours */
    CHECK_EQ(screen_of(1, 64, 38), SCREEN_NONE); /* more than we can write */
    CHECK_EQ(screen_of(1, 32, 32), SCREEN_NONE); /* no colours told */
}
