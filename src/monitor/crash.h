/* SPDX-License-Identifier: MIT */
/* Faults on purpose, to show their reports. */
#ifndef MONITOR_CRASH_H
#define MONITOR_CRASH_H

/* Fails in the way that `kind` names.  If there is no such kind, prints a line
 * that lists the right ones, and returns. */
void crash(const char *kind);

#endif
