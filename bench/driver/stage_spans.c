/* SPDX-License-Identifier: MIT */
/* Stage spans as a subject of the bench. */
#include "bench/driver/stage.h"

#include "mm/heap/heap.h"
#include "mm/heap/heap_pages.h"
#include "mm/malloc/malloc.h"
#include "mm/spans/spans.h"

static bool start(uintptr_t begin, uintptr_t end)
{
    enum stage_state state = malloc_init(begin, end);

    if (state != STAGE_OK)
        return false;
    heap_start(begin, end, &malloc_backend);
    state = spans_init(heap_page_source(begin, end), spans_shared);
    heap_add_small(&spans_backend, SPANS_BYTES_MAX);
    return state == STAGE_OK;
}

static const struct stage row = { .name = "spans", .start = start };

static const struct stage *const pointer STAGE_ROW = &row;
