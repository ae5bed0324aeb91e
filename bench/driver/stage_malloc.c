/* SPDX-License-Identifier: MIT */
/* Stage malloc as a subject of the bench. */
#include "bench/driver/stage.h"

#include "mm/heap/heap.h"
#include "mm/malloc/malloc.h"

static bool start(uintptr_t begin, uintptr_t end)
{
    enum stage_state state = malloc_init(begin, end);

    heap_start(begin, end, &malloc_backend);
    return state == STAGE_OK;
}

static const struct stage row = { .name = "malloc", .start = start };

static const struct stage *const pointer STAGE_ROW = &row;
