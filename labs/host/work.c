/* SPDX-License-Identifier: MIT */
/* Work, counted in basic blocks: the same number in every run, however busy
 * the machine is.  Too many in one call are a call that hangs.
 *
 *     file of lib or mm --gcc or clang, -fsanitize-coverage=trace-pc-->
 *         block 1: call __sanitizer_cov_trace_pc; ...
 *         block 2: call __sanitizer_cov_trace_pc; ...
 *
 * Each block notes when the last call ran it first.  So a failure can say what
 * the call did; it need not guess.
 */
#include "adapter.h"

#include <stdio.h>

#define PLACES 262144u /* a place is 4 bytes of instructions; all are 1 MiB */

/* The names are the compiler's and the linker's. */
void __sanitizer_cov_trace_pc(void);
extern const char __executable_start[];

static uint64_t blocks, limit, call_begin;
static uint64_t
    ran_at[PLACES]; /* `blocks` then; not above call_begin: not yet */

void allow_work(uint64_t more)
{
    limit = blocks + more;
    call_begin = blocks;
}

void __sanitizer_cov_trace_pc(void)
{
    uintptr_t place = ((uintptr_t)__builtin_return_address(0) -
                       (uintptr_t)__executable_start) /
                      4;

    if (++blocks == limit)
        give_up();
    if (place < PLACES && ran_at[place] <= call_begin)
        ran_at[place] = blocks;
}

/* Each block of the last call: its offset in the program, @, its order. */
void work_print(void)
{
    fprintf(stderr, "ran:");
    for (size_t i = 0; i < PLACES; i++) {
        if (ran_at[i] > call_begin)
            fprintf(stderr, " %zx@%llu", i * 4,
                    (unsigned long long)(ran_at[i] - call_begin));
    }
    fprintf(stderr, "\n");
}

uint64_t lab_side_work(void)
{
    return blocks;
}
