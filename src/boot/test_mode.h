/* SPDX-License-Identifier: MIT */
/* `test=`: the kernel runs one test of a lab instead of giving the prompt.
 *
 *     host                              kernel
 *     boots the ISO with `ask`   -->    waits in test_mode_read_options()
 *     saves the machine
 *     writes `test=... key=...`  -->    reads it, sets the call record aside
 *     into its memory                   starts the stages below the lab
 *                                       runs the test, leaves QEMU
 *
 * So one saved machine serves many tests, and the host needs no second boot.
 */
#ifndef BOOT_TEST_MODE_H
#define BOOT_TEST_MODE_H

#include "boot/boot_memory.h"
#include "boot/options.h"
#include "boot/stages.h"

/* Reads the command line, and with `ask` also the line that the host writes.
 * Before it waits, it records which memory is in use: a host that saves the
 * machine may leave out the rest.  If a word is wrong, prints a line that names
 * it and returns false. */
bool test_mode_read_options(const struct boot_info *boot,
                            struct options *options);
/* Takes memory for the call record, if there is a key, and erases the key. */
void test_mode_set_aside(struct boot_memory *memory, struct options *options);
/* Runs the test that the options name, or lists all tests.  Starts the stages
 * below the lab first; the test starts the lab's own allocator. */
_Noreturn void test_mode_run(const struct stage_table *table,
                             struct boot_memory *memory,
                             const struct options *options);

#endif
