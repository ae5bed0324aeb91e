/* SPDX-License-Identifier: MIT */
/* Failing on purpose, to see what a failure looks like. */
#ifndef MONITOR_CRASH_H
#define MONITOR_CRASH_H

/* Fails in the way that `kind` names; comes back only if there is no such
 * kind, after a line that lists the right ones. */
void crash(const char *kind);

#endif
