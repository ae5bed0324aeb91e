/* SPDX-License-Identifier: MIT */
/* Words of the command line. */
#include "boot/options.h"

#include "labtest/steps.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/heap/heap_poison.h"

#define KNOWN_WORDS                                                  \
    "stage=, replay, replay=, quick, history, heap=, map=, crash=, " \
    "do=, poison, poison=, test=, seed=, steps=, key=, play, ask, exit"

bool parse_bytes(const char *text, uint32_t *bytes)
{
    char digits[OPTION_TEXT_BYTES];
    size_t length = strlen(text);
    uint32_t shift = 0, number;

    if (length == 0 || length >= sizeof digits)
        return false;
    memcpy(digits, text, length + 1);
    if (digits[length - 1] == 'K' || digits[length - 1] == 'M') {
        shift = digits[length - 1] == 'K' ? 10 : 20;
        digits[length - 1] = 0;
    }
    if (!parse_number(digits, &number) || number > UINT32_MAX >> shift)
        return false;
    *bytes = number << shift;
    return true;
}

bool parse_pace(const char *text, enum map_pace *pace)
{
    static const char *const names[] = {
        [MAP_FAST] = "fast", [MAP_SLOW] = "slow", [MAP_OFF] = "off"
    };

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(text, names[i]) == 0) {
            *pace = (enum map_pace)i;
            return true;
        }
    }
    return false;
}

/* The value after "name=" in `word`; NULL if `word` has another name. */
static const char *value_of(const char *word, const char *name)
{
    size_t length = strlen(name);

    if (strncmp(word, name, length) != 0 || word[length] != '=')
        return NULL;
    return word + length + 1;
}

/* False for an empty text, and for one that is too long. */
static bool keep(char *text, size_t bytes, const char *value)
{
    size_t length = strlen(value);

    if (length == 0 || length >= bytes)
        return false;
    memcpy(text, value, length + 1);
    return true;
}

static bool keep_steps(struct options *options, const char *value)
{
    return steps_parse(value) &&
           keep(options->steps, sizeof options->steps, value);
}

static bool keep_traces(struct options *options, const char *value)
{
    if (!keep(options->traces, sizeof options->traces, value))
        return false;
    return options->replay = true;
}

/* False, and *number unchanged, also for 0. */
static bool keep_positive(uint32_t *number, const char *value,
                          bool (*parse)(const char *, uint32_t *))
{
    uint32_t parsed;

    if (!parse(value, &parsed) || parsed == 0)
        return false;
    *number = parsed;
    return true;
}

static bool read_word(const char *word, struct options *options)
{
    const char *value;

    if (strcmp(word, "replay") == 0)
        return options->replay = true;
    if (strcmp(word, "quick") == 0)
        return options->quick = true;
    if (strcmp(word, "history") == 0)
        return options->history = true;
    if (strcmp(word, "play") == 0)
        return options->play = true;
    if (strcmp(word, "ask") == 0)
        return options->ask = true;
    if (strcmp(word, "exit") == 0)
        return options->exit = true;
    if ((value = value_of(word, "stage")))
        return keep(options->stage, sizeof options->stage, value);
    if (strcmp(word, "poison") == 0) {
        options->poison = POISON_QUARANTINE;
        return true;
    }
    if ((value = value_of(word, "poison")))
        return keep_positive(&options->poison, value, parse_number);
    if ((value = value_of(word, "do")))
        return keep(options->commands, sizeof options->commands, value);
    if ((value = value_of(word, "crash")))
        return keep(options->crash, sizeof options->crash, value);
    if ((value = value_of(word, "test")))
        return keep(options->test, sizeof options->test, value);
    if ((value = value_of(word, "seed")))
        return parse_number(value, &options->seed);
    if ((value = value_of(word, "steps")))
        return keep_steps(options, value);
    if ((value = value_of(word, "key")))
        return keep_positive(&options->key, value, parse_number);
    if ((value = value_of(word, "heap")))
        return keep_positive(&options->heap_bytes, value, parse_bytes);
    if ((value = value_of(word, "map")))
        return parse_pace(value, &options->map);
    if ((value = value_of(word, "replay")))
        return keep_traces(options, value);
    return false;
}

bool options_parse(const char *command_line, struct options *options)
{
    char word[OPTION_WORD_BYTES];
    bool good = true;

    while (*command_line) {
        size_t length = 0;

        while (*command_line == ' ')
            command_line++;
        while (command_line[length] && command_line[length] != ' ')
            length++;
        if (length >= sizeof word) {
            print("option of %zu characters is too long: %.*s\n", length,
                  (int)sizeof word - 1, command_line);
            good = false;
        } else if (length > 0) {
            memcpy(word, command_line, length);
            word[length] = 0;
            if (!read_word(word, options)) {
                print("bad option \"%s\"; known: " KNOWN_WORDS "\n", word);
                good = false;
            }
        }
        command_line += length;
    }
    return good;
}
