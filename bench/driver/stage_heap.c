/* SPDX-License-Identifier: MIT */
/* Stage heap as a subject of the bench. */
#include "bench/driver/stage.h"

#include "mm/heap/bump.h"
#include "mm/heap/heap.h"

static bool start(uintptr_t begin, uintptr_t end)
{
    enum stage_state state = bump_init(begin, end);

    heap_start(begin, end, &bump_backend);
    return state == STAGE_OK;
}

static const struct stage row = { .name = "heap", .start = start };

static const struct stage *const pointer STAGE_ROW = &row;
