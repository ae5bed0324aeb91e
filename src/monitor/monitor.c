/* SPDX-License-Identifier: MIT */
/* The prompt. */
#include "monitor/monitor.h"

#include "lib/print.h"
#include "lib/string.h"
#include "monitor/commands.h"
#include "monitor/line.h"

#include <stddef.h>

/* Cuts `text` into words, in place; false if there are too many. */
static bool split(char *text, struct command_line *line)
{
    for (;;) {
        while (*text == ' ')
            *text++ = 0;
        if (*text == 0)
            return true;
        if (line->count == COMMAND_WORDS_MAX)
            return false;
        line->words[line->count++] = text;
        while (*text && *text != ' ')
            text++;
    }
}

static const struct command *command_find(const char *name)
{
    for (unsigned i = 0; i < command_count; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

static void run(struct command_line *line)
{
    const struct command *command = command_find(line->words[0]);
    unsigned words = line->count - 1;

    if (!command)
        print("no command \"%s\"; `help` lists them\n", line->words[0]);
    else if (words < command->least_words || words > command->most_words)
        print("usage: %s %s\n", command->name, command->arguments);
    else
        command->run(line);
}

static void run_text(const struct monitor_above *above, char *text)
{
    struct command_line line = { .above = above };

    if (!split(text, &line))
        print("too many words; `help` lists the commands\n");
    else if (line.count > 0)
        run(&line);
}

/* Copies a command, with spaces for colons; returns its length. */
static size_t copy_command(char text[LINE_BYTES], const char *texts)
{
    size_t length = 0;

    while (texts[length] && texts[length] != ',') {
        if (length + 1 < LINE_BYTES)
            text[length] = texts[length];
        if (length + 1 < LINE_BYTES && texts[length] == ':')
            text[length] = ' ';
        length++;
    }
    text[length + 1 < LINE_BYTES ? length : LINE_BYTES - 1] = 0;
    return length;
}

void monitor_do(const struct monitor_above *above, const char *texts)
{
    char text[LINE_BYTES];

    while (*texts) {
        texts += copy_command(text, texts);
        if (*texts == ',')
            texts++;
        print("do> %s\n", text);
        run_text(above, text);
    }
}

_Noreturn void monitor_run(const struct monitor_above *above)
{
    char text[LINE_BYTES];

    for (;;) {
        line_read("mallow> ", text);
        run_text(above, text);
    }
}
