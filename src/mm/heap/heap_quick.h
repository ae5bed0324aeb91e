/* SPDX-License-Identifier: MIT */
/* For a backend with calls of its own (struct heap_calls): the parts that such
 * a call shares with the kmalloc layer.
 *
 *     kmalloc --> quick call of the backend --> served: count it
 *                       |
 *                       | nothing found         anything unusual
 *                       v                       v
 *                 backend->alloc_missed     plain_kmalloc
 *
 * A quick call only tries.  If it cannot serve a call, it changes nothing and
 * passes the call on.  So each rule of the kmalloc layer is written once.
 */
#ifndef MM_HEAP_HEAP_QUICK_H
#define MM_HEAP_HEAP_QUICK_H

#include "mm/heap/heap_private.h"

/* 0 bytes and sizes beyond reason are the layer's. */
static inline bool heap_quick_takes(size_t bytes)
{
    return bytes - 1 < HEAP_REQUEST_MAX;
}

/* A quick call has found nothing for `bytes`, of any number. */
void *heap_quick_missed(size_t bytes);

#endif
