/* SPDX-License-Identifier: MIT */
/* A machine of 16 MiB with an image, and the plan of its directory. */
#ifndef TESTS_HOST_PAGING_MACHINE_H
#define TESTS_HOST_PAGING_MACHINE_H

#include "harness.h"
#include "layouts.h"

#include "mm/frames/frames.h"
#include "mm/paging/paging.h"
#include "mm/paging/paging_private.h"
#include "processor.h"

#include <string.h>

#define PLAY_BYTES (16 * MIB)

/* The image of our machine, in pages from 1 MiB on. */
#define TEXT_PAGES  8u
#define GUARD_PAGE  12u
#define IMAGE_PAGES 20u

static struct kernel_span machine_spans[3];
static struct paging_plan machine_plan;

static inline uintptr_t machine_virtual(uint64_t phys)
{
    return direct_map.base + (uintptr_t)phys;
}

static inline uintptr_t machine_image_page(uint32_t i)
{
    return machine_virtual(MIB) + i * PAGE_BYTES;
}

static inline void machine_plan_spans(void)
{
    machine_spans[0] = (struct kernel_span){ machine_image_page(0),
                                             machine_image_page(TEXT_PAGES),
                                             SPAN_READ_ONLY, "text" };
    machine_spans[1] = (struct kernel_span){ machine_image_page(GUARD_PAGE),
                                             machine_image_page(GUARD_PAGE + 1),
                                             SPAN_GUARD, "guard" };
    machine_plan = (struct paging_plan){ &layout, machine_spans, 2, 0 };
}

/* A gap between 8 and 9 MiB, borders that are not multiple of anything. */
static inline void machine_lay_out(void)
{
    memset(play_physical_memory(PLAY_BYTES), 0xFF, PLAY_BYTES);
    layout_begin(PLAY_BYTES);
    add_available(9 * MIB + 5, 15 * MIB + 100);
    add_available(0, 640 * KIB);
    add_available(MIB, 8 * MIB);
    add_in_use(0, MIB);
    add_in_use(MIB, MIB + IMAGE_PAGES * PAGE_BYTES);
    processor_reset();
    paging = (struct paging){ NULL, NULL };
}

static inline void machine_start(void)
{
    machine_lay_out();
    CHECK_EQ(frames_init(&layout), STAGE_OK);
    machine_plan_spans();
    CHECK_EQ(paging_init(&machine_plan), STAGE_OK);
    CHECK_SOUND(paging_check());
    CHECK_SOUND(frames_check());
}

static inline void machine_check_named(const char *invariant, uintptr_t address)
{
    struct violation violation = paging_check();

    CHECK(!is_sound(violation));
    if (strncmp(violation.invariant, invariant, strlen(invariant)) != 0)
        test_fail(__FILE__, __LINE__, "\"%s\" named, expected %s",
                  violation.invariant, invariant);
    CHECK_EQ(violation.address, address);
}

#endif
