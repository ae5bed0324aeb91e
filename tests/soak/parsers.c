/* SPDX-License-Identifier: MIT */
/* Prints how the kernel's parsers read an input, for `make soak`.
 *
 *     parsers KIND < inputs
 *
 * Standard input is a sequence of inputs: a length of four bytes, low byte
 * first, then the bytes.  The answer to each input ends with the byte 0x1E.
 * Texts are in hexadecimal, because they may hold any byte.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS is newer than C11 */

#include "arch/i386/console.h"
#include "arch/i386/multiboot2.h"
#include "boot/options.h"
#include "lib/panic.h"
#include "lib/print.h"
#include "lib/string.h"
#include "lib/symbol.h"
#include "monitor/commands.h"
#include "monitor/monitor.h"
#include "replay/survey.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define END_OF_ANSWER 0x1E
#define IDS_ROOM      4096u /* of a trace */
#define MEMORY_BYTES  0x10000u
#define INFO_AT       0x1000u

/* AddressSanitizer asks for it: containers forbid looking for leaks. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

struct input {
    const uint8_t *bytes;
    uint32_t count;
};

static jmp_buf out_of_parser;

/* The answer says that the parser has called panic(). */
_Noreturn void panic(const char *format, ...)
{
    (void)format;
    longjmp(out_of_parser, 1);
}

char *symbol_text(char *text, size_t bytes, uintptr_t address)
{
    snprintf(text, bytes, "%#lx", (unsigned long)address);
    return text;
}

static void put_text(const char *name, const char *text)
{
    printf("%s ", name);
    for (; *text; text++)
        printf("%02x", (uint8_t)*text);
    printf("\n");
}

static void drop(const char *text, size_t bytes)
{
    (void)text;
    (void)bytes;
}

/* -- Traces ---------------------------------------------------------------- */

/* The operations in one number: a difference in any changes it. */
static uint32_t mix(uint32_t sum, uint32_t value)
{
    return (sum ^ value) * 16777619u;
}

static uint32_t sum_of_operations(const struct trace_file *file)
{
    struct trace trace;
    struct trace_op op;
    uint32_t sum = 2166136261u;

    trace_open(&trace, file);
    while (trace_next(&trace, &op) == TRACE_OP) {
        sum = mix(sum, (uint32_t)op.kind);
        if (op.kind != TRACE_FREE_NULL)
            sum = mix(sum, op.id);
        if (op.kind == TRACE_ALLOC || op.kind == TRACE_RESIZE)
            sum = mix(sum, op.bytes);
    }
    return sum;
}

static void parse_trace(struct input input)
{
    static struct id_entry entries[IDS_ROOM];
    struct id_table ids = { entries, IDS_ROOM };
    struct trace_file file = { "input", (const char *)input.bytes,
                               input.count };
    struct trace trace;
    struct survey survey;

    if (!survey_trace(&trace, &file, &ids, &survey)) {
        printf("refused\nline %u\n", trace.line);
        return;
    }
    printf("good\nids %u\noperations %u\nlargest %u\npeak %llu\n"
           "granules %llu\nsum %u\n",
           trace.ids, survey.operations, survey.largest_bytes,
           (unsigned long long)survey.peak_bytes,
           (unsigned long long)survey.peak_granules, sum_of_operations(&file));
}

/* -- The kernel's command line --------------------------------------------- */

static void parse_options(struct input input)
{
    struct options options = { 0 };
    char *line = malloc(input.count + 1);

    memcpy(line, input.bytes, input.count);
    line[input.count] = 0;
    printf("%s\n", options_parse(line, &options) ? "good" : "refused");
    free(line);
    put_text("stage", options.stage);
    put_text("traces", options.traces);
    put_text("crash", options.crash);
    put_text("do", options.commands);
    put_text("test", options.test);
    put_text("steps", options.steps);
    printf("heap %u\nmap %d\npoison %u\nseed %u\nkey %u\n", options.heap_bytes,
           (int)options.map, options.poison, options.seed, options.key);
    printf("replay %d\nquick %d\nhistory %d\nplay %d\nask %d\nexit %d\n",
           options.replay, options.quick, options.history, options.play,
           options.ask, options.exit);
}

/* -- Lines of the prompt --------------------------------------------------- */

static struct input keys;
static char shown[1u << 18];
static size_t shown_bytes;

static void show(const char *text, size_t bytes)
{
    if (shown_bytes + bytes < sizeof shown) {
        memcpy(shown + shown_bytes, text, bytes);
        shown_bytes += bytes;
    }
}

/* The prompt never ends; the end of the input ends it. */
int console_read(void)
{
    if (keys.count == 0)
        longjmp(out_of_parser, 2);
    keys.count--;
    return *keys.bytes++;
}

static void run_show(const struct command_line *line)
{
    for (unsigned i = 1; i < line->count; i++) {
        uint32_t value = 0;
        bool good = parse_number(line->words[i], &value);

        print("show %s %s %u\n", line->words[i], good ? "number" : "word",
              value);
    }
}

/* The commands of this program alone: 1 to 3 words, and none. */
const struct command commands[] = {
    { "show", "WORD...", "", 1, 3, run_show },
    { "none", "", "", 0, 0, run_show },
};
const unsigned command_count = 2;

/* Of what is on the screen, the lines that a command wrote. */
static void put_shown(void)
{
    static const char *const begins[] = { "show ", "no command", "usage",
                                          "too many" };
    shown[shown_bytes] = 0;
    for (char *line = strtok(shown, "\n"); line; line = strtok(NULL, "\n")) {
        for (unsigned i = 0; i < sizeof begins / sizeof *begins; i++) {
            if (strncmp(line, begins[i], strlen(begins[i])) == 0)
                printf("%s\n", i == 0 ? line : begins[i]);
        }
    }
}

static void parse_lines(struct input input)
{
    static const struct monitor_above above;

    keys = input;
    shown_bytes = 0;
    print_to(show);
    if (setjmp(out_of_parser) == 0)
        monitor_run(&above);
    put_shown();
}

/* -- Boot information ------------------------------------------------------ */

static void put_regions(const char *name, const struct region *regions,
                        size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf("%s %llx %llx\n", name, (unsigned long long)regions[i].begin,
               (unsigned long long)regions[i].end);
}

static void put_boot(const struct boot_info *boot)
{
    const struct boot_screen *screen = &boot->screen;

    put_text("command-line", boot->command_line);
    put_text("loader", boot->loader);
    put_regions("available", boot->available, boot->available_count);
    put_regions("in-use", boot->in_use, boot->in_use_count);
    for (size_t i = 0; i < boot->module_count; i++) {
        printf("module %x %x\n", boot->modules[i].begin.addr,
               boot->modules[i].end.addr);
        put_text("name", boot->modules[i].name);
    }
    printf("symbols %u %u\n", boot->symbols.table_bytes,
           boot->symbols.names_bytes);
    printf("screen %d %llx %u %u %u %u\n", (int)screen->kind,
           (unsigned long long)screen->address, screen->pitch, screen->width,
           screen->height, screen->pixel_bytes);
}

/* A page that cannot be read follows the imitated memory. */
static uint8_t *memory_for_boot(void)
{
    static uint8_t *memory;

    if (!memory) {
        memory =
            mmap((void *)0x70000000, MEMORY_BYTES + 4096,
                 PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        mprotect(memory + MEMORY_BYTES, 4096, PROT_NONE);
        direct_map = (struct direct_map){ (uintptr_t)memory, MEMORY_BYTES };
    }
    memset(memory, 0, MEMORY_BYTES);
    return memory;
}

static void parse_boot(struct input input)
{
    static struct boot_info boot;
    uint8_t *info = memory_for_boot() + INFO_AT;

    memcpy(info, input.bytes,
           input.count < MEMORY_BYTES - INFO_AT ? input.count
                                                : MEMORY_BYTES - INFO_AT);
    if (setjmp(out_of_parser) != 0) {
        printf("panic\n");
        return;
    }
    if (!multiboot2_parse(info, &boot)) {
        printf("refused\n");
        return;
    }
    printf("good\n");
    put_boot(&boot);
}

/* -- Inputs ---------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*parse)(struct input input);
    bool apart; /* the parser keeps a state: a process for each input */
} kinds[] = {
    { "traces", parse_trace, false },
    { "options", parse_options, false },
    { "lines", parse_lines, true },
    { "boot", parse_boot, false },
};

static int parse_apart(void (*parse)(struct input input), struct input input)
{
    int status = 1;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        parse(input);
        fflush(stdout);
        _exit(0);
    }
    return waitpid(child, &status, 0) == child ? status : 1;
}

static int parse_all(void (*parse)(struct input input), bool apart)
{
    uint8_t length[4];

    while (fread(length, sizeof length, 1, stdin) == 1) {
        uint32_t bytes = length[0] | (uint32_t)length[1] << 8 |
                         (uint32_t)length[2] << 16 | (uint32_t)length[3] << 24;
        uint8_t *text = malloc(bytes); /* exactly: a byte more is reported */

        if (fread(text, 1, bytes, stdin) != bytes)
            return 2;
        if (apart && parse_apart(parse, (struct input){ text, bytes }) != 0)
            return 1;
        if (!apart)
            parse((struct input){ text, bytes });
        putchar(END_OF_ANSWER);
        fflush(stdout);
        free(text);
    }
    return 0;
}

int main(int count, char **words)
{
    print_to(drop);
    for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (count == 2 && strcmp(words[1], kinds[i].name) == 0)
            return parse_all(kinds[i].parse, kinds[i].apart);
    }
    fprintf(stderr, "usage: parsers traces|options|lines|boot < inputs\n");
    return 2;
}
