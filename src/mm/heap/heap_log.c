/* SPDX-License-Identifier: MIT */
/* A ring of the last calls (heap_log.h has the drawing). */
#include "mm/heap/heap_log.h"

#include "lib/panic.h"

struct heap_log heap_log;

/* L1: the place of a call. */
static struct heap_call *heap_log_place(uint32_t number)
{
    return &heap_log.calls[number % HEAP_LOG_CALLS];
}

void heap_log_add(struct heap_call call)
{
    ASSERT(heap_log.on);
    *heap_log_place(heap_log.next++) = call;
}

void heap_log_begin(struct heap_call call)
{
    heap_log_add(call);
    heap_log.under_way = true;
}

void heap_log_end(uintptr_t payload)
{
    ASSERT(heap_log.next > 0);
    heap_log_place(heap_log.next - 1)->payload = payload;
    heap_log.under_way = false;
}

void heap_log_refused(void)
{
    ASSERT(!heap_log.under_way || heap_log.next > 0);
    if (heap_log.on)
        heap_log_place(heap_log.next - 1)->kind = HEAP_CALL_REFUSED;
    heap_log.under_way = false;
}

const struct heap_call *heap_log_under_way(void)
{
    return heap_log.under_way ? heap_log_place(heap_log.next - 1) : NULL;
}

const struct heap_call *heap_log_call(uint32_t back)
{
    const struct heap_call *call = heap_log_place(heap_log.next - 1 - back);

    if (back >= HEAP_LOG_CALLS || call->kind == HEAP_CALL_NONE)
        return NULL;
    return call;
}

/* Whether `call` is about a block with `address` in it.  A logged free has the
 * beginning of its block, but not the length. */
static bool is_about(const struct heap_call *call, uintptr_t address)
{
    return address == call->payload ||
           (address > call->payload && address - call->payload < call->bytes);
}

/* The last call about `address` since the heap was started that has at least
 * `least` bytes; NULL if there is none. */
static const struct heap_call *heap_log_last(uintptr_t address, size_t least)
{
    const struct heap_call *call;

    for (uint32_t back = 0; (call = heap_log_call(back)) != NULL; back++) {
        if (call->kind == HEAP_CALL_START)
            return NULL;
        if (call->payload != 0 && call->bytes >= least &&
            is_about(call, address))
            return call;
    }
    return NULL;
}

const struct heap_call *heap_log_find(uintptr_t address)
{
    const struct heap_call *allocation = heap_log_last(address, 1);

    return heap_log_last(allocation ? allocation->payload : address, 0);
}

const struct heap_call *heap_log_allocation(uintptr_t address)
{
    return heap_log_last(address, 1);
}

const char *heap_call_text(enum heap_call_kind kind)
{
    static const char *const texts[] = {
        [HEAP_CALL_NONE] = "nothing",  [HEAP_CALL_START] = "a new heap",
        [HEAP_CALL_ALLOC] = "kmalloc", [HEAP_CALL_RESIZE] = "krealloc",
        [HEAP_CALL_FREE] = "kfree",    [HEAP_CALL_REFUSED] = "refused",
    };

    return (size_t)kind < sizeof texts / sizeof *texts ? texts[kind] : "?";
}
