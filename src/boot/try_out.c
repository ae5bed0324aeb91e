/* SPDX-License-Identifier: MIT */
/* Finds out which functions of a heap stage are written.
 *
 * The first call of an unwritten function ends the trial, so that half-written
 * code runs no further. */
#include "boot/try_out.h"

#include "lib/addr.h"
#include "mm/zalloc/zalloc.h"

static enum stage_state verdict(enum stage_state state)
{
    return not_written_function() ? STAGE_PARTLY_WRITTEN : state;
}

/* Allocates three blocks, the last one aligned to pages; false as soon as a
 * function is not written. */
static bool take(const struct heap_backend *backend, size_t bytes,
                 void *blocks[3])
{
    for (size_t i = 0; i < 3; i++) {
        blocks[i] = backend->alloc(bytes, i < 2 ? HEAP_ALIGNMENT : PAGE_BYTES);
        if (not_written_function())
            return false;
    }
    return true;
}

/* Makes the middle block longer and shorter.  Then it frees all, so that the
 * last freed block has free neighbours on both sides. */
static bool give_back(const struct heap_backend *backend, size_t bytes,
                      void *const blocks[3])
{
    static const size_t order[] = { 0, 2, 1 };

    if (blocks[1] && backend->resize(blocks[1], 2 * bytes))
        backend->resize(blocks[1], bytes);
    for (size_t i = 0; i < 3 && !not_written_function(); i++) {
        if (blocks[order[i]])
            backend->free(blocks[order[i]]);
    }
    return !not_written_function();
}

enum stage_state try_out_heap(enum stage_state state,
                              const struct heap_backend *backend, size_t bytes)
{
    void *blocks[3] = { NULL };

    if (state != STAGE_OK)
        return state;
    /* It tries twice: the second time the allocator has freed blocks. */
    for (unsigned round = 0; round < 2; round++) {
        if (!take(backend, bytes, blocks))
            return blocks[0] == NOT_WRITTEN ? STAGE_NOT_WRITTEN
                                            : STAGE_PARTLY_WRITTEN;
        if (!give_back(backend, bytes, blocks))
            return STAGE_PARTLY_WRITTEN;
    }
    if (backend->reclaim)
        backend->reclaim();
    return verdict(state);
}

enum stage_state try_out_cache(enum stage_state state)
{
    static struct zone_cache cache; /* the list of caches may keep it */
    void *entry;

    if (state != STAGE_OK ||
        !zone_cache_create(&cache, "trial", PAGE_BYTES / 8))
        return state;
    entry = zone_cache_alloc(&cache);
    if (entry && !not_written_function())
        zone_cache_free(&cache, entry);
    if (!not_written_function())
        zone_cache_destroy(&cache);
    return verdict(state);
}
