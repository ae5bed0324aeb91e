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

_Noreturn void monitor_run(const struct monitor_above *above)
{
    char text[LINE_BYTES];

    for (;;) {
        struct command_line line = { .above = above };

        line_read("mallow> ", text);
        if (!split(text, &line))
            print("too many words; `help` lists the commands\n");
        else if (line.count > 0)
            run(&line);
    }
}
