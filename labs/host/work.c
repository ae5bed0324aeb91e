/* SPDX-License-Identifier: MIT */
/* Work, counted in basic blocks: the same number in every run, however busy
 * the machine is.  Too many in one call are a call that hangs.
 *
 *     file of lib or mm --gcc or clang, -fsanitize-coverage=trace-pc-->
 *         block 1: call __sanitizer_cov_trace_pc; ...
 *         block 2: call __sanitizer_cov_trace_pc; ...
 */
#include "adapter.h"

/* The name is the compiler's. */
void __sanitizer_cov_trace_pc(void);

static uint64_t blocks, limit;

void allow_work(uint64_t more)
{
    limit = blocks + more;
}

void __sanitizer_cov_trace_pc(void)
{
    if (++blocks == limit)
        give_up();
}

uint64_t lab_side_work(void)
{
    return blocks;
}
