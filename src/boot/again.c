/* SPDX-License-Identifier: MIT */
/* Makes a `make` command out of the kernel's command line.
 *
 *     stage=malloc crash=stale map=off exit
 *     make debug STAGE=malloc OPTIONS='crash=stale map=off'
 *
 * Options that only scripts use (exit, ask, key=, play) are left out: they do
 * not help under a debugger.
 */
#include "boot/again.h"

#include "arch/i386/advice.h"
#include "boot/options.h"
#include "lib/print.h"
#include "lib/string.h"

#define DEFAULT_MIB 128u /* the Makefile's MEMORY; a test compares the two */
#define MIB         (1u << 20)

static char command[OPTION_LINE_BYTES];
static size_t length;

static void add(const char *text, size_t bytes)
{
    if (length + bytes >= sizeof command)
        return; /* a longer line than GRUB passes */
    memcpy(command + length, text, bytes);
    length += bytes;
    command[length] = 0;
}

static void add_text(const char *text)
{
    add(text, strlen(text));
}

static bool begins_with(const char *word, const char *start)
{
    return strncmp(word, start, strlen(start)) == 0;
}

static size_t word_bytes(const char *word)
{
    size_t bytes = 0;

    while (word[bytes] && word[bytes] != ' ')
        bytes++;
    return bytes;
}

/* Words that are a variable of make. */
static const struct {
    const char *option, *variable;
} variables[] = {
    { "stage=", " STAGE=" },
    { "test=", " TEST=" },
    { "seed=", " SEED=" },
    { "steps=", " STEPS=" },
};

#define VARIABLES (sizeof variables / sizeof *variables)

static bool add_variable(const char *word, size_t bytes)
{
    for (unsigned i = 0; i < VARIABLES; i++) {
        size_t skip = strlen(variables[i].option);

        if (!begins_with(word, variables[i].option))
            continue;
        add_text(variables[i].variable);
        add(word + skip, bytes - skip);
        return true;
    }
    return false;
}

static bool is_for_scripts(const char *word, size_t bytes)
{
    static const char *const words[] = { "exit", "ask", "play" };

    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
        if (bytes == strlen(words[i]) && begins_with(word, words[i]))
            return true;
    }
    return begins_with(word, "key=");
}

static void add_options(const char *line)
{
    bool any = false;

    for (size_t bytes; *line; line += bytes) {
        bytes = word_bytes(line);
        if (bytes == 0) {
            bytes = 1; /* a space */
            continue;
        }
        if (is_for_scripts(line, bytes) || add_variable(line, bytes))
            continue;
        add_text(any ? " " : " OPTIONS='");
        add(line, bytes);
        any = true;
    }
    if (any)
        add_text("'");
}

/* The firmware keeps a small part at the upper end, so round up. */
static void add_machine_memory(const struct boot_memory *memory)
{
    char text[sizeof " MEMORY=4294967295M"];
    uint64_t end = 0;

    for (size_t i = 0; i < memory->boot.available_count; i++) {
        if (memory->boot.available[i].end > end)
            end = memory->boot.available[i].end;
    }
    end = (end + MIB - 1) >> 20;
    if (end == DEFAULT_MIB)
        return;
    format_text(text, sizeof text, " MEMORY=%uM", (uint32_t)end);
    add_text(text);
}

void again_use(const struct boot_memory *memory, const char *last_stage)
{
    const char *line = memory->boot.command_line;
    bool chosen = begins_with(line, "stage=") || begins_with(line, "test=");

    for (const char *at = line; *at && !chosen; at++)
        chosen = begins_with(at, " stage=") || begins_with(at, " test=");
    add_text("make debug");
    if (!chosen) {
        add_text(" STAGE=");
        add_text(last_stage);
    }
    add_machine_memory(memory);
    add_options(line);
    advice_use_command(command);
}
