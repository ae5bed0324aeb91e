/* SPDX-License-Identifier: MIT */
/* Names for code addresses.
 *
 * lib only declares them.  The kernel's functions are in arch, which has the
 * symbol table from the boot loader; a host test has its own.
 */
#ifndef LIB_SYMBOL_H
#define LIB_SYMBOL_H

#include <stddef.h>
#include <stdint.h>

/* Long enough for every symbol_text of this kernel. */
#define SYMBOL_TEXT_BYTES 64

/* Writes "block_split+0x12", or only "0xc0101234" if no function of the
 * kernel is there.  Returns `text`. */
char *symbol_text(char *text, size_t bytes, uintptr_t address);

/* The same for a return address.  It may be past the end of the function, if
 * the call was the last instruction; the byte before it belongs to the call. */
static inline char *caller_text(char *text, size_t bytes,
                                uintptr_t return_address)
{
    return symbol_text(text, bytes, return_address - 1);
}

#endif
