/* SPDX-License-Identifier: MIT */
/* The commands of a driver: `drive PAGE COMMAND ARGUMENTS`. */
#ifndef BENCH_COMMANDS_H
#define BENCH_COMMANDS_H

struct command {
    const char *name;
    const char *arguments; /* their names, for the message about wrong use */
    int count;             /* how many */
    void (*run)(char **arguments);
};

/* Each program has its own list, ended by a row of zeros. */
extern const struct command commands[];

void command_known(char **arguments);
void command_count(char **arguments);
void command_fit(char **arguments);
void command_resident(char **arguments);
void command_misuse(char **arguments);
void command_stray(char **arguments);
void command_search(char **arguments);
void command_frames(char **arguments);
void command_zones(char **arguments);

#endif
