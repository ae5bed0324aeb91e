/* SPDX-License-Identifier: MIT */
/* The kernel's own kmalloc layer, over each stage; and the allocators
 * of equal entries by themselves. */
#include "bench/driver/subject.h"

#include "bench/allocators/objects.h"
#include "bench/driver/pages.h"
#include "bench/driver/stage.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/heap/heap.h"
#include "mm/heap/heap_log.h"
#include "mm/heap/heap_poison.h"
#include "mm/zalloc/zalloc.h"

/* The linker's names for the array of what STAGE_ROW marks. */
extern const struct stage *const __start_stage_rows[];
extern const struct stage *const __stop_stage_rows[];

/* "armour+log" is armour with what the kernel does outside of counted replays:
 * it notes each call, and fills blocks with patterns.  "armour+poison" has red
 * zones and a quarantine. */
static void want_more(const char *words)
{
    heap_log.on = *words != 0; /* without it there are no patterns */
    if (strcmp(words, "+poison") == 0)
        heap_poison_want(POISON_QUARANTINE);
}

static const struct stage *stage_find(const char *name)
{
    for (const struct stage *const *row = __start_stage_rows;
         row < __stop_stage_rows; row++) {
        size_t length = strlen((*row)->name);

        if (strncmp((*row)->name, name, length) != 0 ||
            (name[length] != 0 && name[length] != '+'))
            continue;
        want_more(name + length);
        return *row;
    }
    return NULL;
}

/* bench.py reads this line, to know what there is to measure. */
static void print_names(void)
{
    print("stages:");
    for (const struct stage *const *row = __start_stage_rows;
         row < __stop_stage_rows; row++)
        print(" %s", (*row)->name);
    print("\n");
}

static bool sound(void)
{
    return is_sound(heap_check());
}

static bool start_objects(uintptr_t begin, uintptr_t end)
{
    struct page_source source = pages_start(begin, end);

    return objects_init(&source);
}

static bool objects_sound(void)
{
    return is_sound(objects_check());
}

/* Object caches have their pages from the driver. */
static const struct subject objects = {
    .name = "objects",
    .start = start_objects,
    .alloc = (callee)objects_alloc,
    .free = (callee)objects_free,
    .sound = objects_sound,
};

const struct subject *subject_find(const char *name)
{
    static struct subject subject;
    bool zones = strcmp(name, "zones") == 0;
    const struct stage *stage = stage_find(zones ? "zalloc" : name);

    if (strcmp(name, objects.name) == 0)
        return &objects;
    if (!stage) {
        print_names();
        return NULL;
    }
    subject = (struct subject){
        .name = name,
        .start = stage->start,
        .alloc = zones ? (callee)zalloc_alloc : (callee)kmalloc,
        .resize = (callee)krealloc,
        .free = zones ? (callee)zalloc_free : (callee)kfree,
        .sound = sound,
        .reclaims = stage->reclaims,
    };
    return &subject;
}
