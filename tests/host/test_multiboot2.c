/* SPDX-License-Identifier: MIT */
/* The boot loader's information, right and wrong: memory, modules, texts. */
#include "multiboot2_info.h"

#include <string.h>

TEST(multiboot2_reads_what_is_there)
{
    info_begin();
    info_put_command_line("stage=malloc exit");
    info_put_module(MODULE_AT, MODULE_AT + 100, "/traces/a.rep");
    info_put_memory_map();
    info_put_end();
    CHECK(info_parse());
    CHECK_TEXT(info_boot.command_line, "stage=malloc exit");
    CHECK_EQ(info_boot.module_count, 1);
    CHECK_TEXT(info_boot.modules[0].name, "/traces/a.rep");
    CHECK_EQ(info_boot.modules[0].end.addr, MODULE_AT + 100);
    CHECK_EQ(info_boot.available_count, 1);
    CHECK_EQ(info_boot.available[0].end, 0x9FC00);
    CHECK(info_is_in_use(0x9FC00, 0xA0000));
    CHECK(info_is_in_use(MODULE_AT, MODULE_AT + 100));
    CHECK(info_is_in_use(INFO_AT, INFO_AT + info_bytes));
    CHECK(info_is_in_use(0, 0x100000));
    CHECK_TEXT(printed_text(), "");
}

/* A later version of the format may have longer entries. */
TEST(multiboot2_steps_by_entry_size)
{
    info_begin();
    info_put32(MEMORY_MAP);
    info_put32(16 + 2 * 40);
    info_put32(40);
    info_put32(1);
    info_put_memory_entry(0x100000, 0x1000, 1, 16);
    info_put_memory_entry(0x200000, 0x2000, 1, 16);
    info_put_end();
    CHECK(info_parse());
    CHECK_EQ(info_boot.available_count, 2);
    CHECK_EQ(info_boot.available[1].begin, 0x200000);
    CHECK_EQ(info_boot.available[1].end, 0x202000);
}

TEST(multiboot2_short_entries_are_refused)
{
    info_begin();
    info_put32(MEMORY_MAP);
    info_put32(16 + 8);
    info_put32(8);
    info_put32(0);
    info_put64(0);
    info_put_end();
    CHECK(!info_parse());
    CHECK(strstr(printed_text(), "entries of 8 bytes"));
}

/* The specification says that the size is a multiple of 8. */
TEST(multiboot2_entries_that_are_not_aligned_are_refused)
{
    info_begin();
    info_put32(MEMORY_MAP);
    info_put32(16 + 28);
    info_put32(28);
    info_put32(0);
    info_put_memory_entry(0x100000, 0x1000, 1, 4);
    info_pad();
    info_put_end();
    CHECK(!info_parse());
    CHECK(strstr(printed_text(), "entries of 28 bytes"));
}

TEST(multiboot2_entry_size_zero_does_not_hang)
{
    info_begin();
    info_put32(MEMORY_MAP);
    info_put32(16);
    info_put32(0);
    info_put32(0);
    info_put_end();
    CHECK(!info_parse());
    CHECK(strstr(printed_text(), "entries of 0 bytes"));
}

TEST(multiboot2_memory_past_the_address_space_is_left_out)
{
    info_begin();
    info_put32(MEMORY_MAP);
    info_put32(16 + 2 * 24);
    info_put32(24);
    info_put32(0);
    info_put_memory_entry(0x100000, 0x1000, 1, 0);
    info_put_memory_entry(0xFFFFFFFFFFFFF000u, 0x2000, 1, 0);
    info_put_end();
    CHECK(info_parse());
    CHECK_EQ(info_boot.available_count, 1);
    CHECK(strstr(printed_text(), "0xfffffffffffff000"));
}

TEST(multiboot2_needs_memory)
{
    info_begin();
    info_put_command_line("");
    info_put_end();
    CHECK(!info_parse());
    CHECK(strstr(printed_text(), "no memory map"));
}

TEST(multiboot2_tag_larger_than_the_structure)
{
    info_begin();
    info_put_memory_map();
    info_put32(LOADER);
    info_put32(0x7FFFFFFF);
    info_put_end();
    CHECK(!info_parse());
    CHECK(strstr(printed_text(), "tag 2 at +0x48"));
}

TEST(multiboot2_tag_without_size_does_not_hang)
{
    info_begin();
    info_put_memory_map();
    info_put32(21);
    info_put32(0);
    info_put_end();
    CHECK(!info_parse());
    CHECK(strstr(printed_text(), "tag 21 at +0x48 has 0 bytes"));
}

TEST(multiboot2_needs_an_end)
{
    info_begin();
    info_put_memory_map();
    CHECK(!info_parse());
    CHECK(strstr(printed_text(), "no end tag"));
}

TEST(multiboot2_absurd_total)
{
    info_begin();
    info_put_end();
    info_bytes = 0xFFFFFFFF;
    CHECK(!info_parse());
    CHECK(strstr(printed_text(), "total size 4294967295"));
    info_bytes = 8;
    CHECK(!info_parse());
}

TEST(multiboot2_text_without_end_is_left_out)
{
    info_begin();
    info_put_memory_map();
    info_put32(COMMAND_LINE);
    info_put32(8 + 4);
    info_put32(0x41414141);
    info_put32(0x42424242);
    info_put_end();
    CHECK(info_parse());
    CHECK_TEXT(info_boot.command_line, "");
    CHECK(strstr(printed_text(), "tag 1 has a text without an end"));
}

TEST(multiboot2_module_that_ends_before_it_begins)
{
    info_begin();
    info_put_memory_map();
    info_put_module(0x5000, 0x4000, "backwards");
    info_put_end();
    CHECK(info_parse());
    CHECK_EQ(info_boot.module_count, 0);
    CHECK(strstr(printed_text(), "0x4000, before its begin 0x5000"));
}

/* Out of reach, but its memory is in use all the same. */
TEST(multiboot2_module_out_of_reach)
{
    info_begin();
    info_put_memory_map();
    info_put_module(MEMORY_BYTES, MEMORY_BYTES + 1, "far");
    info_put_end();
    CHECK(info_parse());
    CHECK_EQ(info_boot.module_count, 0);
    CHECK(info_is_in_use(MEMORY_BYTES, MEMORY_BYTES + 1));
    CHECK(strstr(printed_text(), "module far ends at 0x100001"));
}

TEST(multiboot2_too_many_modules_are_named)
{
    info_begin();
    info_put_memory_map();
    for (unsigned i = 0; i < BOOT_MODULES_MAX + 1; i++)
        info_put_module(MODULE_AT + i, MODULE_AT + i + 1, "m");
    info_put_end();
    CHECK(info_parse());
    CHECK_EQ(info_boot.module_count, BOOT_MODULES_MAX);
    CHECK(strstr(printed_text(), "more than 128 modules"));
}

/* Forgetting a region in use would hand out its memory. */
TEST(multiboot2_too_many_regions_in_use_stop)
{
    info_begin();
    info_put_memory_map();
    for (unsigned i = 0; i < BOOT_IN_USE_MAX; i++)
        info_put_module(MODULE_AT + i, MODULE_AT + i + 1, "m");
    info_put_end();
    CHECK_PANICS(info_parse());
    CHECK(strstr(panic_text(), "more than 256 regions in use"));
}
