/* SPDX-License-Identifier: MIT */
/* Calls of the dedicated caches. */
#include "labtest/common.h"
#include "labtest/usage.h"

#define MOST_CACHES 8u

/* The size of each cache as the test created it; the cache's own members may be
 * damaged by student code. */
static struct {
    const struct zone_cache *cache;
    size_t bytes;
} caches[MOST_CACHES];

static size_t *bytes_of(const struct zone_cache *cache)
{
    for (size_t i = 0; i < MOST_CACHES; i++) {
        if (caches[i].cache == cache || !caches[i].cache) {
            caches[i].cache = cache;
            return &caches[i].bytes;
        }
    }
    LAB_FAIL("the test makes more than %u caches", MOST_CACHES);
}

bool lab_cache_create(struct zone_cache *cache, const char *name, size_t bytes)
{
    struct lab_record record =
        lab_note(LAB_CACHE_CREATE, lab_address(cache), (uint32_t)bytes, 0);
    bool done = lab_side_played(&record)
                    ? record.result
                    : zone_cache_create(cache, name, bytes);

    lab_noted(&record, done);
    if (done)
        *bytes_of(cache) = bytes;
    return done;
}

void *lab_cache_alloc(struct zone_cache *cache)
{
    size_t bytes = *bytes_of(cache);
    struct lab_record record =
        lab_note(LAB_CACHE_ALLOC, lab_address(cache), (uint32_t)bytes, 0);
    void *payload = lab_side_played(&record) ? (void *)record.result
                                             : zone_cache_alloc(cache);

    lab_noted(&record, lab_address(payload));
    if (payload == NOT_WRITTEN)
        LAB_FAIL("zone_cache_alloc is not written yet");
    lab_accept(payload, bytes, HEAP_ALIGNMENT);
    usage_allocated(payload);
    return payload;
}

enum heap_error lab_cache_free(struct zone_cache *cache, void *payload)
{
    const struct live_block *block = live_blocks_find(payload);
    struct lab_record record =
        lab_note(LAB_CACHE_FREE, lab_address(cache), lab_address(payload), 0);
    enum heap_error error;

    if (block)
        lab_open(block);
    error = lab_side_played(&record) ? (enum heap_error)record.result
                                     : zone_cache_free(cache, payload);
    lab_noted(&record, (uint32_t)error);
    if (error == HEAP_NOT_WRITTEN)
        LAB_FAIL("zone_cache_free is not written yet");
    if (!block && error == HEAP_OK)
        LAB_FAIL("zone_cache_free(%#lx) was accepted, but no entry in use "
                 "begins there",
                 (unsigned long)payload);
    if (block && error == HEAP_OK) {
        usage_freed(block);
        live_blocks_remove(payload);
        return error;
    }
    usage_unchanged();
    if (block)
        lab_shut(block);
    return error;
}

bool lab_cache_destroy(struct zone_cache *cache)
{
    struct lab_record record =
        lab_note(LAB_CACHE_DESTROY, lab_address(cache), 0, 0);
    bool done =
        lab_side_played(&record) ? record.result : zone_cache_destroy(cache);

    lab_noted(&record, done);
    return done;
}
