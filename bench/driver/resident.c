/* SPDX-License-Identifier: MIT */
/* How much memory the process has made its own, page by page.
 *
 *     /proc/self/maps    8113000-8155000 rw-p 00000000 00:00 0    [heap]
 *                        its own: writable, private, and of no file (inode 0)
 *     mincore()          a bit for each page of it: is it there?
 *
 * smaps_rollup says the same in one line, but in an emulator it speaks of the
 * emulator's memory; these two are the program's own in both. */
#include "bench/driver/system.h"

#include "lib/panic.h"

#define PAGE_BYTES  4096u
#define ASKED_PAGES 1024u /* at a time */
#define MAPS_BYTES  (64u * 1024)

static size_t resident_pages(uintptr_t begin, uintptr_t end)
{
    static uint8_t present[ASKED_PAGES];
    size_t found = 0;

    while (begin < end) {
        size_t pages = (end - begin) / PAGE_BYTES;

        if (pages > ASKED_PAGES)
            pages = ASKED_PAGES;
        pages_present(begin, pages, present);
        for (size_t i = 0; i < pages; i++)
            found += present[i] & 1;
        begin += pages * PAGE_BYTES;
    }
    return found;
}

static uintptr_t read_hex(const char **text)
{
    uintptr_t value = 0;

    for (;; (*text)++) {
        uintptr_t digit = (unsigned char)(*text)[0];

        if (digit >= '0' && digit <= '9')
            value = value * 16 + digit - '0';
        else if (digit >= 'a' && digit <= 'f')
            value = value * 16 + digit - 'a' + 10;
        else
            return value;
    }
}

/* To the beginning of the next word of a line. */
static const char *next_word(const char *text)
{
    while (*text > ' ')
        text++;
    while (*text == ' ')
        text++;
    return text;
}

/* The pages of one line: BEGIN-END RIGHTS OFFSET DEVICE INODE NAME. */
static size_t pages_of_line(const char *line)
{
    uintptr_t begin = read_hex(&line), end;
    const char *rights, *inode;

    line++;
    end = read_hex(&line);
    rights = next_word(line);
    inode = next_word(next_word(next_word(rights)));
    if (rights[1] != 'w' || rights[3] != 'p' || *inode != '0')
        return 0;
    return resident_pages(begin, end);
}

size_t resident_bytes(void)
{
    static char text[MAPS_BYTES];
    size_t bytes = text_load("/proc/self/maps", text, sizeof text), pages = 0;

    /* One touched byte must not count as a huge page. */
    no_huge_pages();
    for (const char *line = text; line < text + bytes; line++) {
        pages += pages_of_line(line);
        while (*line != '\n')
            line++;
    }
    return pages * PAGE_BYTES;
}
