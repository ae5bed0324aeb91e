/* SPDX-License-Identifier: MIT */
/* Reads the driver's command line, and runs the command. */
#include "bench/driver/commands.h"
#include "bench/driver/count.h"
#include "bench/driver/system.h"
#include "bench/driver/work.h"

#include "lib/print.h"
#include "lib/string.h"

int main(int argc, char **argv);

static const volatile uint32_t no_count;
const volatile uint32_t *instruction_count = &no_count;

static int usage(void)
{
    print("drive PAGE COMMAND ...; PAGE is the counter's file, or \"-\"\n");
    for (const struct command *command = commands; command->name; command++)
        print("  %s %s\n", command->name, command->arguments);
    return 2;
}

int main(int argc, char **argv)
{
    const struct command *command = commands;

    print_to(system_print);
    if (argc < 3)
        return usage();
    while (command->name && strcmp(command->name, argv[2]) != 0)
        command++;
    if (!command->name || argc != 3 + command->count)
        return usage();
    if (strcmp(argv[1], "-") != 0)
        instruction_count = file_share(argv[1], 4096);
    work_calibrate();
    command->run(argv + 3);
    return 0;
}
