/* SPDX-License-Identifier: MIT */
/* Reads a line from a person: echo, backspace, and the earlier lines. */
#ifndef MONITOR_LINE_H
#define MONITOR_LINE_H

#include <stddef.h>

/* Prompt and line together fit one row of the screen, so the cursor never goes
 * back to the row above. */
#define LINE_BYTES 72

/* Prints `prompt` and reads one line, without its end, into `line`.
 *
 *     backspace, ctrl-H    the last character goes
 *     ctrl-U, ctrl-C       the whole line goes
 *     up, ctrl-P           the line before, in the history
 *     down, ctrl-N         the line after
 */
void line_read(const char *prompt, char line[LINE_BYTES]);

#endif
