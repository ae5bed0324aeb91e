/* SPDX-License-Identifier: MIT */
/* The boot loader's information, turned into plain regions.
 *
 * The information structure (Multiboot2 specification 3.6) is a list of tags:
 *
 *     +------------+----------+   +------+------+---------+   +---+---+
 *     | total size | reserved |   | type | size | content |...| 0 | 8 |
 *     +------------+----------+   +------+------+---------+   +---+---+
 *      4 bytes      4              4      4      size - 8      end tag
 *
 * Each tag starts at a multiple of 8.  None is trusted: a tag that does not
 * fit the total size, or is too small for what it must hold, ends the parse
 * with a message that names it.
 */
#ifndef ARCH_I386_MULTIBOOT2_H
#define ARCH_I386_MULTIBOOT2_H

#include "lib/addr.h"
#include "lib/region.h"

#include <stdbool.h>

#define MULTIBOOT2_MAGIC 0x36D76289u

/* The limits of our tables; the parser prints a line about each entry beyond.
 */
#define BOOT_AVAILABLE_MAX 64u
#define BOOT_IN_USE_MAX    256u
#define BOOT_MODULES_MAX   128u

/* A file that the loader placed in memory for us. */
struct boot_module {
    const char *name; /* its command line */
    phys_t begin, end;
};

/* The kernel's own symbol table, from the ELF sections tag. */
struct boot_symbols {
    const void *table;
    uint32_t table_bytes;
    const char *names;
    uint32_t names_bytes;
};

/* The screen as the loader left it. */
enum screen_kind {
    SCREEN_NONE,
    SCREEN_TEXT,  /* VGA's cells: BIOS */
    SCREEN_PIXELS /* UEFI */
};

/* Where a colour is in a pixel: `bits` bits from bit `shift` on. */
struct colour_field {
    uint8_t shift, bits;
};

struct boot_screen {
    enum screen_kind kind;
    /* Of pixels alone: */
    uint64_t address; /* physical */
    uint32_t pitch;   /* bytes from a row to the next */
    uint32_t width, height;
    uint32_t pixel_bytes;
    struct colour_field red, green, blue;
};

struct boot_info {
    const char *command_line; /* "" if there is none */
    const char *loader;       /* "" if it does not say */
    struct region available[BOOT_AVAILABLE_MAX];
    size_t available_count;
    struct region in_use[BOOT_IN_USE_MAX];
    size_t in_use_count;
    struct boot_module modules[BOOT_MODULES_MAX];
    size_t module_count;
    struct boot_symbols symbols; /* all zero if there are none */
    struct boot_screen screen;
};

/* Reads the structure at `info`, which is 8-byte aligned and in the direct map.
 * All pointers in `boot` lead into the structure, the modules or the symbol
 * sections, which are all in boot->in_use.  False if the structure cannot be
 * used.  Prints a line for each mistake, also for one that it can ignore. */
bool multiboot2_parse(const void *info, struct boot_info *boot);

/* Adds a region that is in use; panics when there is no more room, because
 * forgetting one would hand out its memory. */
void boot_add_in_use(struct boot_info *boot, uint64_t begin, uint64_t end,
                     const char *name);

#endif
