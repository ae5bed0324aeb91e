/* SPDX-License-Identifier: MIT */
/* The kernel's command line: words, each a switch or name=value.
 *
 *     stage=malloc     how far to go, a stage's name or number
 *     replay           replay every trace; replay=NAME: that one alone
 *     quick            without searching for the smallest heap
 *     heap=256K        a heap smaller than the 2 MiB (bytes, K or M)
 *     map=slow         draw the live map at a speed for people; map=off: not at
 * all crash=KIND       fail on purpose after the log (see `crash` at the
 * prompt) exit             leave QEMU when done, instead of giving the prompt
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTION_TEXT_BYTES 64

enum map_pace {
    MAP_FAST,
    MAP_SLOW,
    MAP_OFF
};

struct options {
    char stage[OPTION_TEXT_BYTES]; /* "" if not given */
    bool replay;
    char trace[OPTION_TEXT_BYTES]; /* "" for all */
    bool quick;
    uint32_t heap_bytes; /* 0 if not given */
    enum map_pace map;
    char crash[OPTION_TEXT_BYTES]; /* "" for none */
    bool exit;
};

/* False if a word is unknown or its value makes no sense; a line that names
 * it has been printed then.  The other words count all the same. */
bool options_parse(const char *command_line, struct options *options);

/* "slow", "fast" or "off".  False, and *pace unchanged, for anything else. */
bool parse_pace(const char *text, enum map_pace *pace);

/* "4096", "512K", "2M".  False, and *bytes unchanged, for anything else. */
bool parse_bytes(const char *text, uint32_t *bytes);

#endif
