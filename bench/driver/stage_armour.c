/* SPDX-License-Identifier: MIT */
/* Stage armour as a subject of the bench. */
#include "bench/driver/stage.h"

#include "mm/armour/armour.h"
#include "mm/heap/heap.h"

static bool start(uintptr_t begin, uintptr_t end)
{
    enum stage_state state = armour_init(begin, end);

    heap_start(begin, end, &armour_backend);
    return state == STAGE_OK;
}

static uint32_t reclaims(void)
{
    return armour_arena.sweeps;
}

static const struct stage row = {
    .name = "armour",
    .start = start,
    .reclaims = reclaims,
};

static const struct stage *const pointer STAGE_ROW = &row;
