/* SPDX-License-Identifier: MIT */
/* The kernel's prompt: commands that show and change everything by hand. */
#ifndef MONITOR_MONITOR_H
#define MONITOR_MONITOR_H

#include "monitor/above.h"

_Noreturn void monitor_run(const struct monitor_above *above);
/* Runs commands of the prompt: a comma ends one, a colon stands for a space
 * ("alloc:20,free:1"). */
void monitor_do(const struct monitor_above *above, const char *texts);

#endif
