/* SPDX-License-Identifier: MIT */
/* The system calls that the driver needs, without a C library: the bench
 * measures the C library's allocator, so the driver itself must not use it. */
#ifndef BENCH_SYSTEM_H
#define BENCH_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

_Noreturn void leave(int status);

/* The file's contents, writable, in memory of their own. */
void *file_load(const char *path, size_t *bytes);
void file_save(const char *path, const void *data, size_t bytes);
/* A page that is shared with whoever else maps the file. */
void *file_share(const char *path, size_t bytes);
/* Zeroed memory.  `present`: its pages are there, not only promised. */
void *memory_map(size_t bytes, bool present);
/* Makes whole pages of memory_map()'s zero again. */
void memory_renew(uintptr_t begin, size_t bytes);

/* A text file of any kind, /proc's included, that ends with a 0 and is shorter
 * than `room`; its length. */
size_t text_load(const char *path, char *text, size_t room);

/* Bit 0 of each byte: whether that page is in memory. */
void pages_present(uintptr_t begin, size_t pages, uint8_t *present);
/* From now on memory comes in pages of 4 KiB only. */
void no_huge_pages(void);
/* Bytes of memory that are this process's own: what it has written to and
 * not given back, page by page (resident.c). */
size_t resident_bytes(void);
/* Page faults so far.  resident_bytes() grows at page faults only. */
uint32_t page_faults(void);

/* From now on an illegal `hlt` ends the process with EXIT_STOPPED: musl's way
 * to stop when it finds its heap corrupt.  Other faults are what they are. */
#define EXIT_STOPPED 71
void report_hlt(void);

/* Where print() and panic() write. */
void system_print(const char *text, size_t bytes);

#endif
