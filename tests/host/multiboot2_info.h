/* SPDX-License-Identifier: MIT */
/* Builds the boot loader's information, tag by tag, in imitated memory. */
#ifndef TESTS_HOST_MULTIBOOT2_INFO_H
#define TESTS_HOST_MULTIBOOT2_INFO_H

#include "harness.h"

#include "arch/i386/multiboot2.h"

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

/* The imitated memory; the bytes of the structure so far; the result. */
extern uint8_t *info_memory;
extern uint32_t info_bytes;
extern struct boot_info info_boot;

uint8_t *info_start(void);
void info_put32(uint32_t value);
void info_put64(uint64_t value);
void info_put_text(const char *text);
void info_pad(void);
void info_begin(void);
void info_put_memory_entry(uint64_t base, uint64_t length, uint32_t kind,
                           uint32_t extra_bytes);
void info_put_memory_map(void);
void info_put_command_line(const char *text);
void info_put_module(uint32_t from, uint32_t to, const char *name);
void info_put_end(void);
bool info_parse(void);
bool info_is_in_use(uint64_t from, uint64_t to);

#endif
