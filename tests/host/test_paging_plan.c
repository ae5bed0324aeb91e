/* SPDX-License-Identifier: MIT */
/* The kernel's own directory: what paging_init() builds, and whether
 * paging_check() notices every way in which it could be wrong.
 */
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

static struct kernel_span spans[3];
static struct paging_plan plan;

static uintptr_t virtual(uint64_t phys)
{
    return direct_map.base + (uintptr_t)phys;
}

static uintptr_t image_page(uint32_t i)
{
    return virtual(MIB) + i * PAGE_BYTES;
}

static void plan_spans(void)
{
    spans[0] = (struct kernel_span){ image_page(0), image_page(TEXT_PAGES),
                                     SPAN_READ_ONLY, "text" };
    spans[1] =
        (struct kernel_span){ image_page(GUARD_PAGE),
                              image_page(GUARD_PAGE + 1), SPAN_GUARD, "guard" };
    plan = (struct paging_plan){ &layout, spans, 2, 0 };
}

/* A hole between 8 and 9 MiB, borders that are not multiple of anything. */
static void lay_out_machine(void)
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

static void start_machine(void)
{
    lay_out_machine();
    CHECK_EQ(frames_init(&layout), STAGE_OK);
    plan_spans();
    CHECK_EQ(paging_init(&plan), STAGE_OK);
    CHECK_SOUND(paging_check());
    CHECK_SOUND(frames_check());
}

static void check_named(const char *invariant, uintptr_t address)
{
    struct violation violation = paging_check();

    CHECK(!is_sound(violation));
    if (strncmp(violation.invariant, invariant, strlen(invariant)) != 0)
        test_fail(__FILE__, __LINE__, "\"%s\" named, expected %s",
                  violation.invariant, invariant);
    CHECK_EQ(violation.address, address);
}

/* The plan's answer for a physical page, in its words. */
static page_entry_t expected_entry(uint64_t phys)
{
    uint64_t end = phys + PAGE_BYTES;
    uintptr_t page = virtual(phys);
    bool mapped = false, written = true;

    for (size_t i = 0; i < layout.available_count; i++)
        mapped |= available[i].begin <= phys && end <= available[i].end;
    for (size_t i = 0; i < layout.in_use_count; i++)
        mapped |= in_use[i].begin < in_use[i].end && in_use[i].begin < end &&
                  phys < in_use[i].end;
    mapped &= end <= layout.reach;
    for (size_t i = 0; i < plan.span_count; i++) {
        if (page < spans[i].begin || page >= spans[i].end)
            continue;
        mapped &= spans[i].kind != SPAN_GUARD;
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

    start_machine();
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
    lay_out_machine();
    CHECK_PANICS(paging_enable());
    CHECK(kernel_directory() == NULL);
    start_machine();
    CHECK_EQ(processor.directory.addr, 0);
    paging_enable();
    CHECK_EQ(processor.directory.addr, virt_to_phys(kernel_directory()).addr);
    CHECK_EQ(processor.flushes, 0);
}

TEST(paging_init_with_odd_layouts)
{
    lay_out_machine();
    layout_begin(PLAY_BYTES);
    add_available(10 * MIB, UINT64_MAX);
    add_available(MIB, 11 * MIB + 1);
    add_available(2 * MIB, 1 * MIB);
    add_in_use(100, 5000);
    add_in_use(0x5007, 0x5007);
    add_in_use(15 * MIB - 1, UINT64_MAX);
    frames_init(&layout);
    plan_spans();
    CHECK_EQ(paging_init(&plan), STAGE_OK);
    CHECK_SOUND(paging_check());
    check_every_page();
}

TEST(paging_init_stays_within_reach_and_direct_map)
{
    lay_out_machine();
    layout.reach = 12 * MIB + 100;
    frames_init(&layout);
    plan_spans();
    CHECK_EQ(paging_init(&plan), STAGE_OK);
    CHECK_SOUND(paging_check());
    check_every_page();

    lay_out_machine();
    layout.reach = 4 * GIB;
    available[0].end = 4 * GIB; /* 16 MiB of it can be touched */
    frames_init(&layout);
    plan_spans();
    CHECK_EQ(paging_init(&plan), STAGE_OK);
    CHECK_SOUND(paging_check());
    check_every_page();

    while (frame_counts().free > 1) /* the last frame lies beyond it */
        frame_alloc();
    kernel_directory()->entries[0] = page_entry((frame_t){ 0xFFFFE }, 3);
    check_named("I1: a table has a frame", 0);
}

TEST(paging_init_guards_win_over_rights)
{
    lay_out_machine();
    frames_init(&layout);
    plan_spans();
    spans[0].end = image_page(GUARD_PAGE + 2); /* reaches over the guard */
    CHECK_EQ(paging_init(&plan), STAGE_OK);
    CHECK_SOUND(paging_check());
    check_every_page();

    start_machine();
    spans[1] = spans[0];
    spans[1].kind = SPAN_GUARD;
    spans[2] = spans[0]; /* text, guard, text again at the same place */
    plan.span_count = 3;
    CHECK_EQ(paging_init(&plan), STAGE_OK);
    CHECK_SOUND(paging_check());
    check_every_page();
}

TEST(paging_init_names_a_span_where_nothing_is)
{
    char expected[100];
    uint32_t used;

    lay_out_machine();
    frames_init(&layout);
    plan_spans();
    used = frame_counts().used;
    spans[0].begin = virtual(8 * MIB);
    spans[0].end = virtual(8 * MIB + PAGE_BYTES);
    CHECK_EQ(paging_init(&plan), STAGE_BROKEN);
    snprintf(expected, sizeof expected, "paging: text at %#lx: not mapped\n",
             (unsigned long)spans[0].begin);
    CHECK_TEXT(printed_text(), expected);
    CHECK_EQ(frame_counts().used, used);
    CHECK(kernel_directory() == NULL);
}

TEST(paging_init_without_frames_gives_all_of_them_back)
{
    uint32_t needed;

    start_machine();
    needed = frame_counts().used;
    for (uint32_t left = 0; left <= needed; left++) {
        lay_out_machine();
        frames_init(&layout);
        plan_spans();
        while (frame_counts().free > left)
            frame_alloc();
        CHECK_EQ(paging_init(&plan), left < needed ? STAGE_BROKEN : STAGE_OK);
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
    plan_spans();
    CHECK_EQ(paging_init(&plan), STAGE_OK);
    CHECK_SOUND(paging_check());
    CHECK_SOUND(frames_check());
    CHECK(frame_counts().used == 193 || frame_counts().used == 194);
}

/* The checker: each invariant broken on purpose, and named. */

static page_entry_t *entry_of(uintptr_t address)
{
    page_entry_t upper = kernel_directory()->entries[directory_index(address)];
    struct page_table *table = frame_to_virt(entry_frame(upper));

    CHECK(entry_is(upper, ENTRY_PRESENT));
    return &table->entries[table_index(address)];
}

/* Breaks one entry, expects it to be found, and mends it. */
static void check_named_entry(const char *invariant, uintptr_t page,
                              page_entry_t wrong)
{
    page_entry_t right = *entry_of(page);

    CHECK(right != wrong);
    *entry_of(page) = wrong;
    check_named(invariant, page);
    *entry_of(page) = right;
    CHECK_SOUND(paging_check());
}

TEST(paging_check_wants_a_directory)
{
    check_named("I0", 0);
    start_machine();
    paging.plan = NULL;
    check_named("I0", 0);
}

TEST(paging_check_finds_bad_tables)
{
    page_entry_t *entry;
    uint32_t i;

    start_machine();
    i = directory_index(virtual(4 * MIB));
    entry = &kernel_directory()->entries[i];

    *entry &= ~(page_entry_t)ENTRY_WRITABLE;
    check_named("I1: a directory entry", (uintptr_t)i << DIRECTORY_SHIFT);
    *entry |= ENTRY_WRITABLE | ENTRY_LARGE;
    check_named("I1: a directory entry", (uintptr_t)i << DIRECTORY_SHIFT);
    *entry &= ~(page_entry_t)ENTRY_LARGE;
    CHECK_SOUND(paging_check());

    frame_free(entry_frame(*entry));
    check_named("I1: a table has a frame", (uintptr_t)i << DIRECTORY_SHIFT);

    start_machine();
    entry = &kernel_directory()->entries[i];
    *entry = page_entry((frame_t){ 3 }, ENTRY_PRESENT | ENTRY_WRITABLE);
    check_named("I1: a table has a frame", (uintptr_t)i << DIRECTORY_SHIFT);

    start_machine();
    frame_free(frame_of(virt_to_phys(kernel_directory())));
    check_named("I1: a table has a frame", (uintptr_t)kernel_directory());
}

TEST(paging_check_finds_a_frame_with_two_tables)
{
    uint32_t i;
    page_entry_t *entries;

    start_machine();
    entries = kernel_directory()->entries;
    i = directory_index(virtual(4 * MIB));
    entries[i + 1] = entries[i];
    check_named("I1: no frame", (uintptr_t)(i + 1) << DIRECTORY_SHIFT);

    start_machine();
    entries = kernel_directory()->entries;
    entries[1] = page_entry(frame_of(virt_to_phys(entries)),
                            ENTRY_PRESENT | ENTRY_WRITABLE);
    check_named("I1: no frame", (uintptr_t)1 << DIRECTORY_SHIFT);
}

TEST(paging_check_finds_wrong_pages)
{
    const uint64_t places[] = { 0,       MIB - 1,     MIB,
                                4 * MIB, 8 * MIB - 1, 15 * MIB - PAGE_BYTES };

    start_machine();
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        uintptr_t page = virtual(page_down(places[i]));
        page_entry_t right = *entry_of(page);

        check_named_entry("I2", page, 0);
        check_named_entry("I2", page, right & ~(page_entry_t)ENTRY_PRESENT);
        check_named_entry("I2", page, right + PAGE_BYTES);
        check_named_entry("I2", page, right ^ 0x80000000u);
        check_named_entry("I3", page, right ^ ENTRY_WRITABLE);
        check_named_entry("I3", page, right | ENTRY_USER);
        check_named_entry("I3", page, right | ENTRY_NO_CACHE);
        *entry_of(page) |= ENTRY_ACCESSED | ENTRY_DIRTY | 0xE00;
        CHECK_SOUND(paging_check());
    }
    check_named_entry("I3", image_page(TEXT_PAGES - 1),
                      *entry_of(image_page(TEXT_PAGES - 1)) | ENTRY_WRITABLE);
    check_named_entry("I3", image_page(TEXT_PAGES),
                      *entry_of(image_page(TEXT_PAGES)) & ~2u);
}

TEST(paging_check_finds_what_should_not_be_there)
{
    const page_entry_t present = ENTRY_PRESENT | ENTRY_WRITABLE;
    uintptr_t strangers[] = { 0, 0x1000, 0xFFFFF000u, 0x40000000u, 0, 0 };

    start_machine();
    strangers[4] = virtual(15 * MIB);
    strangers[5] =
        align_up(virtual(PLAY_BYTES), LARGE_PAGE_BYTES) + LARGE_PAGE_BYTES;
    check_named_entry("I4", image_page(GUARD_PAGE),
                      (page_entry_t)(MIB + GUARD_PAGE * PAGE_BYTES) | present);
    check_named_entry("I4", virtual(8 * MIB), 8 * MIB | present);
    check_named_entry("I4", virtual(9 * MIB), 9 * MIB | ENTRY_PRESENT);
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        page_map(kernel_directory(), strangers[i], (frame_t){ 1 },
                 PAGE_READ_ONLY);
        check_named("I4", strangers[i]);
        page_unmap(kernel_directory(), strangers[i], NULL);
        CHECK_SOUND(paging_check());
    }
}

/* A plan that forgets memory: the tables were taken from there. */
TEST(paging_check_finds_tables_out_of_sight)
{
    struct region part = { 0, MIB + 30 * PAGE_BYTES, "part" };
    struct memory_layout forgetful = { &part, 1, NULL, 0, PLAY_BYTES };

    lay_out_machine();
    frames_init(&layout);
    plan_spans();
    frame_alloc_run(100, 1);
    plan.layout = &forgetful;
    CHECK_EQ(paging_init(&plan), STAGE_OK);
    check_named("I5", (uintptr_t)kernel_directory());
}

/* The entry of the device window is the plan's word, and nothing is said of
 * the table that it leads to. */
TEST(paging_takes_the_device_window_from_the_plan)
{
    const page_entry_t devices = 0x123000u | ENTRY_PRESENT | ENTRY_WRITABLE;
    page_entry_t *entry;

    lay_out_machine();
    CHECK_EQ(frames_init(&layout), STAGE_OK);
    plan_spans();
    plan.devices = devices;
    CHECK_EQ(paging_init(&plan), STAGE_OK);
    CHECK_SOUND(paging_check());
    entry = &kernel_directory()->entries[DEVICE_WINDOW_BEGIN >> 22];
    CHECK_EQ(*entry, devices);
    *entry = devices | ENTRY_ACCESSED; /* the processor has been there */
    CHECK_SOUND(paging_check());
    *entry = 0;
    check_named("I4", DEVICE_WINDOW_BEGIN);
    *entry = devices;
    plan.devices = 0; /* such as a plan that knows of no window */
    CHECK(!is_sound(paging_check()));
}
