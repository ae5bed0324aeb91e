/* SPDX-License-Identifier: MIT */
/* The structure that a boot loader hands over, for the tests of its parser. */
#include "multiboot2_info.h"

#include <string.h>

uint8_t *info_memory;
uint32_t info_bytes;
struct boot_info info_boot;

uint8_t *info_start(void)
{
    return info_memory + INFO_AT;
}

void info_put32(uint32_t value)
{
    memcpy(info_start() + info_bytes, &value, sizeof value);
    info_bytes += (uint32_t)sizeof value;
}

void info_put64(uint64_t value)
{
    info_put32((uint32_t)value);
    info_put32((uint32_t)(value >> 32));
}

void info_put_text(const char *text)
{
    memcpy(info_start() + info_bytes, text, strlen(text) + 1);
    info_bytes += (uint32_t)strlen(text) + 1;
}

void info_pad(void)
{
    info_bytes = (info_bytes + 7) & ~7u;
}

void info_begin(void)
{
    info_memory = play_physical_memory(MEMORY_BYTES);
    info_bytes = 0;
    info_put32(0); /* the total, at the end */
    info_put32(0);
}

void info_put_memory_entry(uint64_t base, uint64_t length, uint32_t kind,
                           uint32_t extra_bytes)
{
    info_put64(base);
    info_put64(length);
    info_put32(kind);
    info_put32(0);
    memset(info_start() + info_bytes, 0xFF, extra_bytes);
    info_bytes += extra_bytes;
}

void info_put_memory_map(void)
{
    info_put32(MEMORY_MAP);
    info_put32(16 + 2 * 24);
    info_put32(24);
    info_put32(0);
    info_put_memory_entry(0, 0x9FC00, 1, 0);
    info_put_memory_entry(0x9FC00, 0x400, 2, 0);
}

void info_put_command_line(const char *text)
{
    info_put32(COMMAND_LINE);
    info_put32(8 + (uint32_t)strlen(text) + 1);
    info_put_text(text);
    info_pad();
}

void info_put_module(uint32_t from, uint32_t to, const char *name)
{
    info_put32(MODULE);
    info_put32(16 + (uint32_t)strlen(name) + 1);
    info_put32(from);
    info_put32(to);
    info_put_text(name);
    info_pad();
}

void info_put_end(void)
{
    info_put32(END);
    info_put32(8);
}

bool info_parse(void)
{
    memcpy(info_start(), &info_bytes, sizeof info_bytes);
    return multiboot2_parse(info_start(), &info_boot);
}

bool info_is_in_use(uint64_t from, uint64_t to)
{
    for (size_t i = 0; i < info_boot.in_use_count; i++) {
        if (info_boot.in_use[i].begin == from && info_boot.in_use[i].end == to)
            return true;
    }
    return false;
}
