/* SPDX-License-Identifier: MIT */
/* Formatted text.  Output goes to one sink, which the caller provides: the
 * kernel's console, or standard output in a host test.
 *
 * Conversions: %d %u %x %lx %lu %zu %zx %s %c %p %%, and %llu %llx for the
 * 64-bit sizes that firmware reports; flags '-', '0' and '#', a width (also
 * '*') and, for %s, a precision (also '*').  Nothing here allocates.
 */
#ifndef LIB_PRINT_H
#define LIB_PRINT_H

#include <stdarg.h>
#include <stddef.h>

typedef void (*print_sink)(const char *text, size_t bytes);

/* Where print() goes from now on; returns where it went before. */
print_sink print_to(print_sink sink);

/* Longer than any line we print; what is longer arrives in several pieces. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void vprint(const char *format, va_list arguments);

/* Writes at most `bytes` - 1 characters and a final 0.  Returns the length
 * that the whole text has, so that >= bytes means it was cut. */
size_t format_text(char *text, size_t bytes, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t vformat_text(char *text, size_t bytes, const char *format,
                    va_list arguments);

#endif
