/* SPDX-License-Identifier: MIT */
/* Damage to the bookkeeping of object caches is named. */
#include "harness.h"
#include "page_pool.h"

#include "bench/allocators/objects.h"
#include "bench/allocators/objects_zone.h"

#include <string.h>

static struct object_cache cache;
static struct object_zone *first, *second;

/* Two zones: `first` is full but for one entry, and `second` the current. */
static void two_zones(void)
{
    void *entry = NULL;

    start_zones();
    CHECK(objects_init(&pool_source));
    CHECK(object_cache_create(&cache, "two", 64));
    for (size_t i = 0; i <= cache.zone_entries; i++) {
        entry = object_cache_alloc(&cache);
        if (i == 0)
            first = cache.zone;
    }
    second = cache.zone;
    CHECK(first != second && entry);
    CHECK_EQ(objects_free((void *)first->begin), HEAP_OK);
    CHECK_SOUND(objects_check());
}

static void expect(const char *invariant)
{
    struct violation violation = objects_check();

    if (is_sound(violation) || memcmp(violation.invariant, invariant, 2) != 0)
        test_fail(__FILE__, __LINE__, "expected %s, not %s", invariant,
                  is_sound(violation) ? "nothing" : violation.invariant);
    two_zones();
}

TEST(objects_check_names_damaged_maps)
{
    two_zones();
    *object_map_slot(first->begin) = &object_heap.nowhere;
    expect("I4"); /* the list has more than the map */
    *object_map_slot(first->begin + 2 * PAGE_BYTES) = first;
    expect("I1");
    first->begin += PAGE_BYTES;
    expect("I1");
    object_heap.no_word = 1;
    expect("I1");
    second->map.words[1] |= 1u << 31;
    expect("I3");
    first->map.words[0] |= 2;
    expect("I4");
    second->map.words[0] =
        0; /* as if more were in use: nothing contradicts it */
    CHECK_SOUND(objects_check());
}

TEST(objects_check_names_damaged_records)
{
    two_zones();
    first->reciprocal++;
    expect("I2");
    first->rounding++;
    expect("I2");
    first->entries--;
    expect("I2");
    first->cache = (struct object_cache *)0x1000;
    expect("I2");
    first->due++;
    expect("I4");
    list_remove(&first->link);
    expect("I4");
    list_insert_after(&cache.open, &second->link);
    expect("I4");
    cache.open.next = &cache.open;
    expect("I4");
    first->link.next = &first->link;
    expect("I4");
}

TEST(objects_check_names_damaged_caches)
{
    two_zones();
    cache.word++;
    expect("I5");
    cache.word = first->map.words;
    expect("I5");
    cache.word_begin += 64;
    expect("I5");
    cache.zone = NULL;
    expect("I4");
    cache.zones++;
    expect("I7");
    object_heap.store_count++;
    expect("I6");
    ((struct object_store *)align_down((uintptr_t)first, PAGE_BYTES))->used++;
    expect("I6");
}
