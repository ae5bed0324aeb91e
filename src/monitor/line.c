/* SPDX-License-Identifier: MIT */
/* A line being typed. */
#include "monitor/line.h"

#include "arch/i386/console.h"
#include "lib/print.h"
#include "lib/string.h"

#include <stdbool.h>

#define CONTROL(letter) ((letter)&0x1F)
#define ESCAPE          0x1B
#define DELETE          0x7F
#define HISTORY_LINES   16u

/* The earlier lines, as a ring; the newest is at (newest - 1) % size. */
static char history[HISTORY_LINES][LINE_BYTES];
static unsigned newest;

static void erase(char *line, size_t *length, size_t keep)
{
    while (*length > keep) {
        print("\b \b");
        line[--*length] = 0;
    }
}

static void replace(char *line, size_t *length, const char *with)
{
    erase(line, length, 0);
    *length = strlen(with);
    memcpy(line, with, *length + 1);
    print("%s", line);
}

/* A terminal sends the arrow keys as ESC [ A and ESC [ B; other sequences of
 * that form are ignored. */
static int read_key(void)
{
    int key = console_read();

    if (key != ESCAPE)
        return key;
    if (console_read() != '[')
        return 0;
    do
        key = console_read();
    while (key >= '0' && key <= ';');
    return key == 'A' ? CONTROL('P') : key == 'B' ? CONTROL('N') : 0;
}

/* Shows the line `back` lines ago; 0 is the empty line being typed. */
static void show_history(char *line, size_t *length, unsigned back)
{
    replace(line, length, back ? history[(newest - back) % HISTORY_LINES] : "");
}

static void remember(const char *line)
{
    unsigned last = (newest - 1) % HISTORY_LINES;

    if (*line == 0 || (newest > 0 && strcmp(history[last], line) == 0))
        return;
    memcpy(history[newest % HISTORY_LINES], line, LINE_BYTES);
    newest++;
}

static unsigned oldest_back(void)
{
    return newest < HISTORY_LINES ? newest : HISTORY_LINES;
}

/* Takes one key into the line; true when the line is complete. */
static bool edit(int key, char *line, size_t *length, unsigned *back)
{
    switch (key) {
    case '\r':
    case '\n':
        return true;
    case '\b':
    case DELETE:
        erase(line, length, *length ? *length - 1 : 0);
        return false;
    case CONTROL('U'):
    case CONTROL('C'):
        erase(line, length, 0);
        return false;
    case CONTROL('P'):
        if (*back < oldest_back())
            show_history(line, length, ++*back);
        return false;
    case CONTROL('N'):
        if (*back > 0)
            show_history(line, length, --*back);
        return false;
    }
    if (key >= ' ' && key < DELETE && *length + 1 < LINE_BYTES) {
        line[(*length)++] = (char)key;
        line[*length] = 0;
        print("%c", key);
    }
    return false;
}

void line_read(const char *prompt, char line[LINE_BYTES])
{
    size_t length = 0;
    unsigned back = 0;

    memset(line, 0, LINE_BYTES);
    print("%s", prompt);
    while (!edit(read_key(), line, &length, &back))
        ;
    print("\n");
    remember(line);
}
