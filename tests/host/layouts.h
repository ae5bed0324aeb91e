/* SPDX-License-Identifier: MIT */
/* Memory layouts for tests, put together region by region.  Static, because
 * the kernel keeps a pointer to the layout it was started with.
 */
#ifndef TESTS_HOST_LAYOUTS_H
#define TESTS_HOST_LAYOUTS_H

#include "lib/region.h"

#define KIB          1024ull
#define MIB          (1024 * KIB)
#define GIB          (1024 * MIB)
#define MOST_REGIONS 6

static struct region available[MOST_REGIONS], in_use[MOST_REGIONS];
static struct memory_layout layout;

static inline void layout_begin(uint64_t reach)
{
    layout = (struct memory_layout){ available, 0, in_use, 0, reach };
}

static inline void add_available(uint64_t begin, uint64_t end)
{
    available[layout.available_count++] =
        (struct region){ begin, end, "available" };
}

static inline void add_in_use(uint64_t begin, uint64_t end)
{
    in_use[layout.in_use_count++] = (struct region){ begin, end, "image" };
}

#endif
