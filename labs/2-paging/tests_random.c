/* SPDX-License-Identifier: MIT */
/* Lab 2: random work, against one entry a page. */
#include "tests.h"

#include "lib/random.h"
#include "lib/string.h"

#define STEPS 2000u
#define PAGES 32u

static struct {
    uint32_t page, kind, frame;
    enum page_rights rights;
} * steps; /* STEPS of them */
static page_entry_t model[PAGES];
static struct page_table *directory;

/* Two pages at each side of a border between tables, so that they mix. */
static uintptr_t page_of(uint32_t i)
{
    return (i / 4 + 1) * 0x0A400000u + (i % 4) * 0x1000u - 0x2000u;
}

static void take_step(uint32_t i)
{
    page_entry_t *entry = &model[steps[i].page];
    uintptr_t page = page_of(steps[i].page);
    frame_t frame = lab_data_frame(steps[i].frame);
    enum page_rights rights = steps[i].rights;
    uint32_t present = (uint32_t)rights | ENTRY_PRESENT;

    if (steps[i].kind == 0) {
        LAB_EQUAL(lab_map(directory, page, frame, rights),
                  *entry ? PAGE_ALREADY_MAPPED : PAGE_OK, "page_map()");
        *entry = *entry ? *entry : page_entry(frame, present);
    } else if (steps[i].kind == 1) {
        LAB_EQUAL(lab_unmap(directory, page, &frame),
                  *entry ? PAGE_OK : PAGE_NOT_MAPPED, "page_unmap()");
        *entry = 0;
    } else {
        LAB_EQUAL(lab_protect(directory, page, rights),
                  *entry ? PAGE_OK : PAGE_NOT_MAPPED, "page_protect()");
        if (*entry)
            *entry = page_entry(entry_frame(*entry), present);
    }
}

void test_paging_random(void)
{
    struct random random;

    directory = lab_paging_start(TABLES);
    memset(model, 0, sizeof model);
    steps = lab_scratch(STEPS * sizeof *steps);
    random_seed(&random, lab_seed());
    for (uint32_t i = 0; i < STEPS; i++) {
        steps[i].page = random_below(&random, PAGES);
        steps[i].kind = random_below(&random, 3);
        steps[i].frame = random_below(&random, LAB_DATA_FRAMES);
        steps[i].rights =
            random_below(&random, 2) ? PAGE_WRITABLE : PAGE_READ_ONLY;
    }
    for (uint32_t i = 0; i < STEPS; i++) {
        if (!lab_step_wanted(i))
            continue;
        take_step(i);
        for (uint32_t page = 0; page < PAGES; page++)
            LAB_EQUAL(lab_walk(directory, page_of(page)) & ~IGNORED,
                      model[page], "a page's entry");
    }
}
