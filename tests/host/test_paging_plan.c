/* SPDX-License-Identifier: MIT */
/* The kernel's own directory: what paging_init() builds. */
#include "paging_machine.h"

#include <string.h>

/* The plan's answer for a physical page, in its words. */
static page_entry_t expected_entry(uint64_t phys)
{
    uint64_t end = phys + PAGE_BYTES;
    uintptr_t page = machine_virtual(phys);
    bool mapped = false, written = true;

    for (size_t i = 0; i < layout.available_count; i++)
        mapped |= available[i].begin <= phys && end <= available[i].end;
    for (size_t i = 0; i < layout.in_use_count; i++)
        mapped |= in_use[i].begin < in_use[i].end && in_use[i].begin < end &&
                  phys < in_use[i].end;
    mapped &= end <= layout.reach;
    for (size_t i = 0; i < machine_plan.span_count; i++) {
        if (page < machine_spans[i].begin || page >= machine_spans[i].end)
            continue;
        mapped &= machine_spans[i].kind != SPAN_GUARD;
        written = false;
    }
    if (!mapped)
        return 0;
    return (page_entry_t)phys | ENTRY_PRESENT | (written ? ENTRY_WRITABLE : 0);
}

/* Every one of the 2^20 pages there are. */
static void check_every_page(void)
{
    for (uint64_t at = 0; at < 4 * GIB; at += PAGE_BYTES) {
        uintptr_t phys = (uintptr_t)at - direct_map.base;

        CHECK_EQ(processor_walk(kernel_directory(), (uintptr_t)at),
                 phys < direct_map.bytes ? expected_entry(phys) : 0);
    }
}

TEST(paging_init_follows_the_plan)
{
    uint32_t tables = 0;

    machine_start();
    check_every_page();
    for (uint32_t i = 0; i < ENTRIES_PER_TABLE; i++)
        tables += entry_is(kernel_directory()->entries[i], ENTRY_PRESENT);
    CHECK_EQ(frame_counts().used, tables + 1);
    CHECK_EQ(expected_entry(MIB), MIB | ENTRY_PRESENT);
    CHECK_EQ(expected_entry(8 * MIB), 0);
    CHECK_TEXT(printed_text(), "");
}

TEST(paging_enable_loads_what_was_built)
{
    machine_lay_out();
    CHECK_PANICS(paging_enable());
    CHECK(kernel_directory() == NULL);
    machine_start();
    CHECK_EQ(processor.directory.addr, 0);
    paging_enable();
    CHECK_EQ(processor.directory.addr, virt_to_phys(kernel_directory()).addr);
    CHECK_EQ(processor.flushes, 0);
}

TEST(paging_init_with_odd_layouts)
{
    machine_lay_out();
    layout_begin(PLAY_BYTES);
    add_available(10 * MIB, UINT64_MAX);
    add_available(MIB, 11 * MIB + 1);
    add_available(2 * MIB, 1 * MIB);
    add_in_use(100, 5000);
    add_in_use(0x5007, 0x5007);
    add_in_use(15 * MIB - 1, UINT64_MAX);
    frames_init(&layout);
    machine_plan_spans();
    CHECK_EQ(paging_init(&machine_plan), STAGE_OK);
    CHECK_SOUND(paging_check());
    check_every_page();
}

TEST(paging_init_stays_within_reach_and_direct_map)
{
    machine_lay_out();
    layout.reach = 12 * MIB + 100;
    frames_init(&layout);
    machine_plan_spans();
    CHECK_EQ(paging_init(&machine_plan), STAGE_OK);
    CHECK_SOUND(paging_check());
    check_every_page();

    machine_lay_out();
    layout.reach = 4 * GIB;
    available[0].end = 4 * GIB; /* 16 MiB of it can be touched */
    frames_init(&layout);
    machine_plan_spans();
    CHECK_EQ(paging_init(&machine_plan), STAGE_OK);
    CHECK_SOUND(paging_check());
    check_every_page();

    while (frame_counts().free > 1) /* the last frame is beyond it */
        frame_alloc();
    kernel_directory()->entries[0] = page_entry((frame_t){ 0xFFFFE }, 3);
    machine_check_named("I1: a table has a frame", 0);
}

TEST(paging_init_guards_win_over_rights)
{
    machine_lay_out();
    frames_init(&layout);
    machine_plan_spans();
    machine_spans[0].end =
        machine_image_page(GUARD_PAGE + 2); /* reaches over the guard */
    CHECK_EQ(paging_init(&machine_plan), STAGE_OK);
    CHECK_SOUND(paging_check());
    check_every_page();

    machine_start();
    machine_spans[1] = machine_spans[0];
    machine_spans[1].kind = SPAN_GUARD;
    machine_spans[2] =
        machine_spans[0]; /* text, guard, text again at the same place */
    machine_plan.span_count = 3;
    CHECK_EQ(paging_init(&machine_plan), STAGE_OK);
    CHECK_SOUND(paging_check());
    check_every_page();
}

TEST(paging_init_names_a_span_where_nothing_is)
{
    char expected[100];
    uint32_t used;

    machine_lay_out();
    frames_init(&layout);
    machine_plan_spans();
    used = frame_counts().used;
    machine_spans[0].begin = machine_virtual(8 * MIB);
    machine_spans[0].end = machine_virtual(8 * MIB + PAGE_BYTES);
    CHECK_EQ(paging_init(&machine_plan), STAGE_BROKEN);
    snprintf(expected, sizeof expected, "paging: text at %#lx: not mapped\n",
             (unsigned long)machine_spans[0].begin);
    CHECK_TEXT(printed_text(), expected);
    CHECK_EQ(frame_counts().used, used);
    CHECK(kernel_directory() == NULL);
}

TEST(paging_init_without_frames_gives_all_of_them_back)
{
    uint32_t needed;

    machine_start();
    needed = frame_counts().used;
    for (uint32_t left = 0; left <= needed; left++) {
        machine_lay_out();
        frames_init(&layout);
        machine_plan_spans();
        while (frame_counts().free > left)
            frame_alloc();
        CHECK_EQ(paging_init(&machine_plan),
                 left < needed ? STAGE_BROKEN : STAGE_OK);
        CHECK_EQ(strstr(printed_text(), "no frame") != NULL, left < needed);
        CHECK_EQ(kernel_directory() == NULL, left < needed);
        CHECK_EQ(frame_counts().free, left < needed ? left : 0);
        CHECK_SOUND(frames_check());
    }
}

TEST(paging_768_mib)
{
    play_physical_memory(768 * MIB);
    layout_begin(768 * MIB);
    add_available(0, 640 * KIB);
    add_available(MIB, 3 * GIB);
    add_in_use(0, MIB);
    add_in_use(MIB, 5 * MIB);
    frames_init(&layout);
    machine_plan_spans();
    CHECK_EQ(paging_init(&machine_plan), STAGE_OK);
    CHECK_SOUND(paging_check());
    CHECK_SOUND(frames_check());
    CHECK(frame_counts().used == 193 || frame_counts().used == 194);
}
