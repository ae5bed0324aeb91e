/* SPDX-License-Identifier: MIT */
/* Gives a replay of traces this kernel's counter, screen and record channel.
 */
#ifndef BOOT_REPLAY_SETUP_H
#define BOOT_REPLAY_SETUP_H

#include "boot/options.h"
#include "replay/replay.h"

#define NO_SUCH_TRACE UINT32_MAX

/* Measures the instruction counter and sets the map's pace. */
void replay_setup_init(enum map_pace pace);
bool replay_setup_counts(void);
/* As parse_pace; false if there is no such pace. */
bool replay_setup_set_pace(const char *pace);

/* The heap that the traces run on. */
struct replay_setup_heap {
    const char *stage;
    uintptr_t begin, end;
    uintptr_t window_begin, window_end; /* empty: it does not grow */
    bool (*restart)(size_t bytes);      /* an empty heap of that size */
    bool may_run_out;
    bool quick;
    bool history;
};

/* Replays the traces of these names, which commas separate, or all if `names`
 * is NULL.  Returns how many went wrong.  For a wrong name, prints a line with
 * the right ones and returns NO_SUCH_TRACE.  The heap has its full size again
 * afterwards, and is empty. */
uint32_t replay_setup_replay(const struct replay_setup_heap *heap,
                             const struct trace_file *traces, size_t count,
                             const char *names);

#endif
