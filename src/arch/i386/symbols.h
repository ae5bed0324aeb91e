/* SPDX-License-Identifier: MIT */
/* The names of lib/symbol.h, from the symbol table that GRUB hands over. */
#ifndef ARCH_I386_SYMBOLS_H
#define ARCH_I386_SYMBOLS_H

#include "arch/i386/multiboot2.h"
#include "lib/symbol.h"

/* Where symbol_text() looks from now on. */
void symbols_init(const struct boot_symbols *symbols);
#endif
