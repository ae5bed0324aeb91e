/* SPDX-License-Identifier: MIT */
/* Starts the machine of the tests of the growing heap. */
#include "grow_machine.h"

#include "harness.h"
#include "mm/armour/armour.h"

#define MEMORY (16u << 20)
#define WINDOW (8u << 20)

static _Alignas(4096) uint8_t static_heap[GROW_STATIC_BYTES];
static struct page_range range;

void grow_machine_restart(void)
{
    CHECK_EQ(grow_init(grow_static_begin(),
                       grow_static_begin() + GROW_STATIC_BYTES, range),
             STAGE_OK);
}

void grow_machine_start(void)
{
    range = mmu_start(MEMORY, WINDOW);
    grow_machine_restart();
    grow_expect_sound();
}

void grow_expect_sound(void)
{
    CHECK_SOUND(grow_check());
    CHECK_SOUND(paging_check());
    CHECK_SOUND(frames_check());
}

uintptr_t grow_static_begin(void)
{
    return (uintptr_t)static_heap;
}

size_t grow_static_bytes(void)
{
    return armour_arena.end - armour_arena.base;
}

void grow_fill_static(void)
{
    size_t left = granule_bytes(run_length(armour_arena.wilderness));

    CHECK(grow_alloc(left, HEAP_ALIGNMENT));
    CHECK_EQ(grow_figures().held_bytes, 0);
}
