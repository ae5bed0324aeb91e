/* SPDX-License-Identifier: MIT */
/* Names of functions. */
#include "arch/i386/symbols.h"

#include "lib/print.h"

/* As in the ELF specification, figure 1-15. */
struct elf_symbol {
    uint32_t name; /* offset into the names */
    uint32_t value;
    uint32_t bytes;
    uint8_t info; /* low half: type */
    uint8_t other;
    uint16_t section;
};

#define SYMBOL_TYPE(info) ((info)&0xF)
#define SYMBOL_FUNCTION   2

static struct boot_symbols known;

void symbols_init(const struct boot_symbols *symbols)
{
    known = *symbols;
    /* A name that runs off the table would run on into other memory. */
    if (known.names_bytes == 0 || known.names[known.names_bytes - 1] != 0)
        known = (struct boot_symbols){ 0 };
}

static const struct elf_symbol *symbol_at(uintptr_t address)
{
    const struct elf_symbol *table = known.table;
    size_t count = known.table_bytes / sizeof *table;

    for (size_t i = 0; i < count; i++) {
        const struct elf_symbol *symbol = &table[i];

        if (SYMBOL_TYPE(symbol->info) == SYMBOL_FUNCTION &&
            symbol->name < known.names_bytes && address >= symbol->value &&
            address - symbol->value < symbol->bytes)
            return symbol;
    }
    return NULL;
}

char *symbol_text(char *text, size_t bytes, uintptr_t address)
{
    const struct elf_symbol *symbol = symbol_at(address);

    if (symbol)
        format_text(text, bytes, "%s+%#lx", known.names + symbol->name,
                    (unsigned long)(address - symbol->value));
    else
        format_text(text, bytes, "%#010lx", (unsigned long)address);
    return text;
}
