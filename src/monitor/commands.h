/* SPDX-License-Identifier: MIT */
/* The table of commands for the prompt. */
#ifndef MONITOR_COMMANDS_H
#define MONITOR_COMMANDS_H

#include "monitor/above.h"

#define COMMAND_WORDS_MAX 4

struct command_line {
    const struct monitor_above *above;
    unsigned count;                       /* words, the command's own too */
    const char *words[COMMAND_WORDS_MAX]; /* NULL after the last */
};

struct command {
    const char *name;
    const char *arguments; /* as help shows them */
    const char *what;
    unsigned least_words, most_words; /* after the command */
    void (*run)(const struct command_line *line);
};

extern const struct command commands[];
extern const unsigned command_count;

#endif
