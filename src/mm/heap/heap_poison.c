/* SPDX-License-Identifier: MIT */
/* Fronts, red zones, and the quarantine. */
#include "mm/heap/heap_poison.h"

#include "lib/addr.h"
#include "lib/list.h"
#include "lib/panic.h"
#include "lib/poison.h"
#include "lib/string.h"
#include "lib/symbol.h"
#include "mm/heap/heap_log.h"
#include "mm/heap/heap_poison_private.h"
#include "mm/heap/heap_private.h"

#define RED_BYTES 8u
#define MARK_USED 0x75736564u /* "used", to be mixed with the address */
#define MARK_KEPT 0x6B657074u /* in quarantine */

#define P1 "P1: the fronts of blocks are whole"
#define P2 "P2: nothing was written past the end of a block"
#define P3 "P3: nothing was written into a block after kfree"

struct front {
    struct list_link link;
    void *block; /* what the allocator handed out */
    size_t bytes;
    uintptr_t allocated_by, freed_by;
    uint32_t mark;
    uint32_t padding; /* to a multiple of HEAP_ALIGNMENT */
};

_Static_assert(sizeof(struct front) % HEAP_ALIGNMENT == 0,
               "what follows a front is aligned as a block is");

static struct {
    bool wanted, on;
    uint32_t limit, kept_blocks;
    struct list_link used, kept; /* kept: the oldest first */
} poison;

void heap_poison_want(uint32_t blocks)
{
    poison.wanted = true;
    poison.limit = blocks > 0 ? blocks : 1;
}

void heap_poison_start(bool logged)
{
    poison.on = poison.wanted && logged;
    poison.kept_blocks = 0;
    list_init(&poison.used);
    list_init(&poison.kept);
}

bool heap_poison_on(void)
{
    return poison.on;
}

static uint32_t mark_of(const struct front *front, uint32_t kind)
{
    return kind ^ (uint32_t)(uintptr_t)front;
}

static uint8_t *payload_of(struct front *front)
{
    return (uint8_t *)(front + 1);
}

static struct front *front_of(struct list_link *link)
{
    return LIST_ITEM(link, struct front, link);
}

/* The front of a payload, used or kept; NULL if it is neither.  It is in
 * memory of a block that the allocator knows, so it can be read. */
static struct front *find_front(const void *payload)
{
    uintptr_t address = (uintptr_t)payload;
    size_t distance = sizeof(struct front);

    if (address % HEAP_ALIGNMENT != 0 || address < PAGE_BYTES)
        return NULL;
    for (; distance <= PAGE_BYTES;
         distance = distance < 64 ? 64 : 2 * distance) {
        const void *block = (const void *)(address - distance);
        struct front *front = (struct front *)address - 1;

        if (backend_of(block)->size(block) == 0)
            continue;
        if (front->block == block &&
            (front->mark == mark_of(front, MARK_USED) ||
             front->mark == mark_of(front, MARK_KEPT)))
            return front;
    }
    return NULL;
}

/* The first of `bytes` bytes that is not `byte`; NULL if all are. */
static const uint8_t *first_other(const uint8_t *at, size_t bytes, uint8_t byte)
{
    for (size_t i = 0; i < bytes; i++) {
        if (at[i] != byte)
            return &at[i];
    }
    return NULL;
}

/* P2 and P3 of one block. */
static struct violation check_block(struct front *front)
{
    uint8_t *payload = payload_of(front);
    const uint8_t *wrong =
        first_other(payload + front->bytes, RED_BYTES, POISON_RED);

    if (wrong)
        return (struct violation){ P2, (uintptr_t)wrong, POISON_RED, *wrong };
    if (front->mark == mark_of(front, MARK_KEPT))
        wrong = first_other(payload, front->bytes, POISON_FREED);
    if (wrong)
        return (struct violation){ P3, (uintptr_t)wrong, POISON_FREED, *wrong };
    return SOUND;
}

/* Walks a list of the layer's own blocks and checks each. */
static struct violation check_list(struct list_link *head, uint32_t kind)
{
    struct list_link *before = head;

    for (struct list_link *at = head->next; at != head; at = at->next) {
        struct front *front = front_of(at);
        struct violation violation;

        if (at->previous != before)
            return (struct violation){ P1, (uintptr_t)&at->previous,
                                       (uintptr_t)before,
                                       (uintptr_t)at->previous };
        if (front->mark != mark_of(front, kind))
            return (struct violation){ P1, (uintptr_t)&front->mark,
                                       mark_of(front, kind), front->mark };
        violation = check_block(front);
        if (!is_sound(violation))
            return violation;
        before = at;
    }
    return SOUND;
}

struct violation heap_poison_check(void)
{
    struct violation violation = SOUND;

    if (poison.on)
        violation = check_list(&poison.used, MARK_USED);
    if (poison.on && is_sound(violation))
        violation = check_list(&poison.kept, MARK_KEPT);
    return violation;
}

/* A block that is damaged when it is freed, or leaves the quarantine. */
static void require_whole(struct front *front)
{
    struct violation violation = check_block(front);
    char allocated[SYMBOL_TEXT_BYTES], freed[SYMBOL_TEXT_BYTES];

    if (is_sound(violation))
        return;
    heap_log.under_way = false; /* the allocator has not been asked yet */
    panic_place = align_down(violation.address, sizeof(uint32_t));
    panic("%s\n  %zu bytes at %p, allocated by %s, %s%s:\n"
          "  byte %ld is %#lx, not %#lx",
          violation.invariant, front->bytes, (void *)payload_of(front),
          caller_text(allocated, sizeof allocated, front->allocated_by),
          front->freed_by ? "freed by " : "not freed before",
          front->freed_by ? caller_text(freed, sizeof freed, front->freed_by)
                          : "",
          (long)(violation.address - (uintptr_t)payload_of(front)),
          (unsigned long)violation.found, (unsigned long)violation.expected);
}

/* The block that has waited longest goes back to the allocator. */
static void release_oldest(void)
{
    struct front *front = front_of(poison.kept.next);

    ASSERT_BELOW(0, poison.kept_blocks);
    ASSERT(!list_is_empty(&poison.kept));
    require_whole(front);
    list_remove(&front->link);
    poison.kept_blocks--;
    front->mark = 0;
    backend_of(front->block)->free(front->block);
}

void *poison_alloc(size_t bytes, size_t alignment, uintptr_t caller)
{
    size_t before = align_up(sizeof(struct front), alignment);
    uint8_t *block;
    struct front *front;

    ASSERT(poison.on);
    ASSERT(is_power_of_two(alignment));
    ASSERT_BELOW(HEAP_ALIGNMENT - 1, alignment);
    bytes = bytes > 0 ? bytes : 1;
    if (bytes > HEAP_REQUEST_MAX - before - RED_BYTES)
        return heap_no_payload(NULL);
    block = plain_kmalloc_aligned(before + bytes + RED_BYTES, alignment);
    while (!block && poison.kept_blocks > 0) {
        release_oldest();
        kmalloc_layer.stats.failures--; /* it is tried again */
        block = plain_kmalloc_aligned(before + bytes + RED_BYTES, alignment);
    }
    if (!block)
        return NULL;
    front = (struct front *)(block + before) - 1;
    *front = (struct front){ .block = block,
                             .bytes = bytes,
                             .allocated_by = caller,
                             .mark = mark_of(front, MARK_USED) };
    list_insert_before(&poison.used, &front->link);
    memset(payload_of(front), POISON_FRESH, bytes);
    memset(payload_of(front) + bytes, POISON_RED, RED_BYTES);
    return payload_of(front);
}

enum heap_error poison_free(void *payload, uintptr_t caller)
{
    struct front *front = find_front(payload);

    ASSERT(poison.on);
    if (!front)
        return backend_of(payload)->size(payload) > 0
                   ? HEAP_FOREIGN /* the allocator's block, not the caller's */
                   : backend_of(payload)->free(payload);
    if (front->mark == mark_of(front, MARK_KEPT))
        return HEAP_ALREADY_FREE;
    require_whole(front);
    front->freed_by = caller;
    front->mark = mark_of(front, MARK_KEPT);
    memset(payload, POISON_FREED, front->bytes);
    list_remove(&front->link);
    list_insert_before(&poison.kept, &front->link);
    poison.kept_blocks++;
    if (poison.kept_blocks > poison.limit)
        release_oldest();
    return HEAP_OK;
}

size_t poison_size(const void *payload)
{
    struct front *front = find_front(payload);

    return front && front->mark == mark_of(front, MARK_USED) ? front->bytes : 0;
}

/* Whether a list has a block with `address` in it; if so, *found is a copy. */
static bool find_in_list(struct list_link *head, uintptr_t address,
                         struct poison_block *found)
{
    struct list_link *before = head;

    for (struct list_link *at = head->next;
         at != head && at->previous == before; at = at->next) {
        struct front *front = front_of(at);
        uintptr_t payload = (uintptr_t)payload_of(front);

        before = at;
        if (address < (uintptr_t)front ||
            address >= payload + front->bytes + RED_BYTES)
            continue;
        *found = (struct poison_block){ payload, front->bytes,
                                        front->allocated_by, front->freed_by };
        return true;
    }
    return false;
}

bool heap_poison_find(uintptr_t address, struct poison_block *found)
{
    return poison.on && (find_in_list(&poison.used, address, found) ||
                         find_in_list(&poison.kept, address, found));
}
