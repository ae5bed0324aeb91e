/* SPDX-License-Identifier: MIT */
/* Checks the heap before and after calls (heap_watch.h). */
#include "mm/heap/heap_watch.h"

#include "lib/panic.h"
#include "mm/heap/heap.h"

struct heap_watch heap_watch;

__attribute__((noinline)) void heap_watch_broken(void)
{
    ASSERT_EQ(heap_watch.every, 0);
    __asm__ volatile(""); /* a call of it is never left out */
}

void heap_watch_at(struct heap_moment moment)
{
    struct heap_watch *watch = &heap_watch;

    ASSERT(watch->every > 0);
    if (moment.call < watch->first ||
        (moment.call - watch->first) % watch->every != 0)
        return;
    watch->now = moment;
    watch->checks++;
    watch->violation = heap_check();
    if (is_sound(watch->violation)) {
        watch->sound = moment;
        return;
    }
    watch->every = 0;
    heap_watch_broken();
}
