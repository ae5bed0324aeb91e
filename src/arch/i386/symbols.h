/* SPDX-License-Identifier: MIT */
/* Names for code addresses, from the symbol table that GRUB hands over. */
#ifndef ARCH_I386_SYMBOLS_H
#define ARCH_I386_SYMBOLS_H

#include "arch/i386/multiboot2.h"

#include <stddef.h>
#include <stdint.h>

void symbols_init(const struct boot_symbols *symbols);
/* Writes "block_split+0x12", or only "0xc0101234" if no function of the
 * kernel is there.  Returns `text`. */
char *symbol_text(char *text, size_t bytes, uintptr_t address);

/* Long enough for every symbol_text of this kernel. */
#define SYMBOL_TEXT_BYTES 64

#endif
