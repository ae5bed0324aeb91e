/* SPDX-License-Identifier: MIT */
/* The kernel's own front door, with each stage behind it. */
#include "bench/driver/subject.h"

#include "lib/print.h"
#include "lib/string.h"
#include "mm/bump.h"
#include "mm/heap.h"
#include "mm/heap_pages.h"
#include "mm/malloc.h"
#include "mm/zalloc.h"

/* As the stage table in src/main.c starts them. */

static bool start_heap(uintptr_t begin, uintptr_t end)
{
    enum stage_state state = bump_init(begin, end);

    heap_start(begin, end, &bump_backend);
    return state == STAGE_OK;
}

static bool start_malloc(uintptr_t begin, uintptr_t end)
{
    enum stage_state state = malloc_init(begin, end);

    heap_start(begin, end, &malloc_backend);
    return state == STAGE_OK;
}

static bool start_zalloc(uintptr_t begin, uintptr_t end)
{
    enum stage_state state;

    if (!start_malloc(begin, end))
        return false;
    state = zalloc_init(heap_page_source(begin, end));
    heap_add_small(&zalloc_backend, ZALLOC_BYTES_MAX);
    return state == STAGE_OK;
}

static bool sound(void)
{
    return is_sound(heap_check());
}

#define FRONT_DOOR                                        \
    .alloc = (callee)kmalloc, .resize = (callee)krealloc, \
    .free = (callee)kfree, .sound = sound

/* The zones by themselves, without the front door. */
static const struct subject zones = {
    .name = "zones",
    .start = start_zalloc,
    .alloc = (callee)zalloc_alloc,
    .free = (callee)zalloc_free,
    .sound = sound,
};

/* bench.py reads the names from subject_find's message. */
static const struct subject subjects[] = {
    { .name = "heap", .start = start_heap, FRONT_DOOR },
    { .name = "malloc", .start = start_malloc, FRONT_DOOR },
    { .name = "zalloc", .start = start_zalloc, FRONT_DOOR },
};

const struct subject *subject_find(const char *name)
{
    size_t count = sizeof subjects / sizeof subjects[0];

    for (size_t i = 0; i < count; i++) {
        if (strcmp(subjects[i].name, name) == 0)
            return &subjects[i];
    }
    if (strcmp(zones.name, name) == 0)
        return &zones;
    print("stages:");
    for (size_t i = 0; i < count; i++)
        print(" %s", subjects[i].name);
    print("\n");
    return NULL;
}
