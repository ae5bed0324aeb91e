/* SPDX-License-Identifier: MIT */
/* Bytes and strings, with the C library's names and contracts: the compiler
 * itself emits calls to the first four.  On the host the C library's own are
 * linked instead.
 */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memset(void *to, int byte, size_t bytes);
void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t bytes);

/* Reads the whole text as a number: decimal, or hexadecimal after "0x".
 * False, and *value unchanged, if it is empty, has another character in it or
 * does not fit 32 bits. */
bool parse_number(const char *text, uint32_t *value);

#endif
