/* SPDX-License-Identifier: MIT */
/* Stage zalloc as a subject of the bench. */
#include "bench/driver/stage.h"

#include "mm/heap/heap.h"
#include "mm/heap/heap_pages.h"
#include "mm/malloc/malloc.h"
#include "mm/zalloc/zalloc.h"

static bool start(uintptr_t begin, uintptr_t end)
{
    enum stage_state state = malloc_init(begin, end);

    if (state != STAGE_OK)
        return false;
    heap_start(begin, end, &malloc_backend);
    state = zalloc_init(heap_page_source(begin, end));
    heap_add_small(&zalloc_backend, ZALLOC_BYTES_MAX);
    return state == STAGE_OK;
}

static const struct stage row = { .name = "zalloc", .start = start };

static const struct stage *const pointer STAGE_ROW = &row;
