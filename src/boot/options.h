/* SPDX-License-Identifier: MIT */
/* The kernel's command line: words, each a switch or name=value.
 *
 *     stage=malloc     how far to go, a stage's name or number
 *     replay           replay every trace; replay=NAME,NAME: only those
 *     quick            without searching for the smallest heap
 *     history          records where each block of a replay comes and goes
 *     heap=256K        a heap smaller than the 2 MiB (bytes, K or M)
 *     map=slow         draw the live map at a speed for people; or map=off
 *     crash=KIND       fail on purpose after the log: see `crash`
 *     do=alloc:20,free:1   commands of the prompt, run before it: a comma ends
 *                      one, a colon stands for a space
 *     poison           red zones around blocks, and a quarantine of 64 freed
 *                      ones; poison=N: of N (mm/heap/heap_poison.h)
 *     test=LAB/NAME    run that test of a lab after the log, and leave QEMU;
 *                      test=list: only say which tests there are
 *     seed=N           what the test's random numbers start from
 *     steps=0,3,5-9    of a random test, only these steps
 *     key=N            write a call record of the test (labtest/call_record.h)
 *     play             play that call record back: no function under test runs
 *     ask              first wait until the host has written more options into
 *                      memory, so that one saved machine serves many tests
 *     exit             leave QEMU at the end, instead of giving the prompt
 */
#ifndef BOOT_OPTIONS_H
#define BOOT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTION_TEXT_BYTES  64
#define OPTION_STEPS_BYTES 240
#define OPTION_WORD_BYTES  256
#define OPTION_LINE_BYTES  512

enum map_pace {
    MAP_FAST,
    MAP_SLOW,
    MAP_OFF
};

struct options {
    char stage[OPTION_TEXT_BYTES]; /* "" if not given */
    bool replay;
    char traces[OPTION_WORD_BYTES]; /* names and commas; "" for all */
    bool quick;
    bool history;
    uint32_t heap_bytes; /* 0 if not given */
    enum map_pace map;
    char crash[OPTION_TEXT_BYTES];     /* "" for none */
    char commands[OPTION_STEPS_BYTES]; /* of do=; "" for none */
    uint32_t poison;                   /* blocks in quarantine; 0: no poison */
    char test[OPTION_TEXT_BYTES];      /* "" for none */
    uint32_t seed;
    char steps[OPTION_STEPS_BYTES]; /* "" for all */
    uint32_t key;                   /* 0: no call record */
    bool play;
    bool ask;
    bool exit;
};

/* Adds the words of a line to `options`.  If a word is unknown or its value
 * makes no sense, prints a line that names it, and returns false.  Such a word
 * changes nothing; the other words still count. */
bool options_parse(const char *command_line, struct options *options);

/* "slow", "fast" or "off".  False, and *pace unchanged, for anything else. */
bool parse_pace(const char *text, enum map_pace *pace);

/* "4096", "512K", "2M".  False, and *bytes unchanged, for anything else. */
bool parse_bytes(const char *text, uint32_t *bytes);

#endif
