/* SPDX-License-Identifier: MIT */
/* paging_check(): each invariant is broken on purpose, and has to be named. */
#include "paging_machine.h"

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
    machine_check_named(invariant, page);
    *entry_of(page) = right;
    CHECK_SOUND(paging_check());
}

TEST(paging_check_wants_a_directory)
{
    machine_check_named("I0", 0);
    machine_start();
    paging.plan = NULL;
    machine_check_named("I0", 0);
}

TEST(paging_check_finds_bad_tables)
{
    page_entry_t *entry;
    uint32_t i;

    machine_start();
    i = directory_index(machine_virtual(4 * MIB));
    entry = &kernel_directory()->entries[i];

    *entry &= ~(page_entry_t)ENTRY_WRITABLE;
    machine_check_named("I1: a directory entry",
                        (uintptr_t)i << DIRECTORY_SHIFT);
    *entry |= ENTRY_WRITABLE | ENTRY_LARGE;
    machine_check_named("I1: a directory entry",
                        (uintptr_t)i << DIRECTORY_SHIFT);
    *entry &= ~(page_entry_t)ENTRY_LARGE;
    CHECK_SOUND(paging_check());

    frame_free(entry_frame(*entry));
    machine_check_named("I1: a table has a frame",
                        (uintptr_t)i << DIRECTORY_SHIFT);

    machine_start();
    entry = &kernel_directory()->entries[i];
    *entry = page_entry((frame_t){ 3 }, ENTRY_PRESENT | ENTRY_WRITABLE);
    machine_check_named("I1: a table has a frame",
                        (uintptr_t)i << DIRECTORY_SHIFT);

    machine_start();
    frame_free(frame_of(virt_to_phys(kernel_directory())));
    machine_check_named("I1: a table has a frame",
                        (uintptr_t)kernel_directory());
}

TEST(paging_check_finds_a_frame_with_two_tables)
{
    uint32_t i;
    page_entry_t *entries;

    machine_start();
    entries = kernel_directory()->entries;
    i = directory_index(machine_virtual(4 * MIB));
    entries[i + 1] = entries[i];
    machine_check_named("I1: no frame", (uintptr_t)(i + 1) << DIRECTORY_SHIFT);

    machine_start();
    entries = kernel_directory()->entries;
    entries[1] = page_entry(frame_of(virt_to_phys(entries)),
                            ENTRY_PRESENT | ENTRY_WRITABLE);
    machine_check_named("I1: no frame", (uintptr_t)1 << DIRECTORY_SHIFT);
}

TEST(paging_check_finds_wrong_pages)
{
    const uint64_t places[] = { 0,       MIB - 1,     MIB,
                                4 * MIB, 8 * MIB - 1, 15 * MIB - PAGE_BYTES };

    machine_start();
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        uintptr_t page = machine_virtual(page_down(places[i]));
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
    check_named_entry("I3", machine_image_page(TEXT_PAGES - 1),
                      *entry_of(machine_image_page(TEXT_PAGES - 1)) |
                          ENTRY_WRITABLE);
    check_named_entry("I3", machine_image_page(TEXT_PAGES),
                      *entry_of(machine_image_page(TEXT_PAGES)) & ~2u);
}

TEST(paging_check_finds_what_should_not_be_there)
{
    const page_entry_t present = ENTRY_PRESENT | ENTRY_WRITABLE;
    uintptr_t strangers[] = { 0, 0x1000, 0xFFFFF000u, 0x40000000u, 0, 0 };

    machine_start();
    strangers[4] = machine_virtual(15 * MIB);
    strangers[5] = align_up(machine_virtual(PLAY_BYTES), LARGE_PAGE_BYTES) +
                   LARGE_PAGE_BYTES;
    check_named_entry("I4", machine_image_page(GUARD_PAGE),
                      (page_entry_t)(MIB + GUARD_PAGE * PAGE_BYTES) | present);
    check_named_entry("I4", machine_virtual(8 * MIB), 8 * MIB | present);
    check_named_entry("I4", machine_virtual(9 * MIB), 9 * MIB | ENTRY_PRESENT);
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        page_map(kernel_directory(), strangers[i], (frame_t){ 1 },
                 PAGE_READ_ONLY);
        machine_check_named("I4", strangers[i]);
        page_unmap(kernel_directory(), strangers[i], NULL);
        CHECK_SOUND(paging_check());
    }
}

/* A plan that forgets memory: the tables were taken from there. */
TEST(paging_check_finds_tables_out_of_sight)
{
    struct region part = { 0, MIB + 30 * PAGE_BYTES, "part" };
    struct memory_layout forgetful = { &part, 1, NULL, 0, PLAY_BYTES };

    machine_lay_out();
    frames_init(&layout);
    machine_plan_spans();
    frame_alloc_run(100, 1);
    machine_plan.layout = &forgetful;
    CHECK_EQ(paging_init(&machine_plan), STAGE_OK);
    machine_check_named("I5", (uintptr_t)kernel_directory());
}

/* The entry of the device window is the plan's word, and nothing is said of
 * the table that it leads to. */
TEST(paging_takes_the_device_window_from_the_plan)
{
    const page_entry_t devices = 0x123000u | ENTRY_PRESENT | ENTRY_WRITABLE;
    page_entry_t *entry;

    machine_lay_out();
    CHECK_EQ(frames_init(&layout), STAGE_OK);
    machine_plan_spans();
    machine_plan.devices = devices;
    CHECK_EQ(paging_init(&machine_plan), STAGE_OK);
    CHECK_SOUND(paging_check());
    entry = &kernel_directory()->entries[DEVICE_WINDOW_BEGIN >> 22];
    CHECK_EQ(*entry, devices);
    *entry = devices | ENTRY_ACCESSED; /* the processor has been there */
    CHECK_SOUND(paging_check());
    *entry = 0;
    machine_check_named("I4", DEVICE_WINDOW_BEGIN);
    *entry = devices;
    machine_plan.devices = 0; /* such as a plan that knows of no window */
    CHECK(!is_sound(paging_check()));
}
