/* SPDX-License-Identifier: MIT */
/* Calls each function of a heap stage that a student writes, so that the boot
 * log says "ok" only when all are written.  Both change the allocator, so the
 * caller starts it again afterwards. */
#ifndef BOOT_TRY_OUT_H
#define BOOT_TRY_OUT_H

#include "lib/stage.h"
#include "mm/heap/heap.h"

/* Tries blocks of `bytes` bytes, if `state` is STAGE_OK.  STAGE_NOT_WRITTEN if
 * alloc is not written, STAGE_PARTLY_WRITTEN if another function is not, else
 * `state`. */
enum stage_state try_out_heap(enum stage_state state,
                              const struct heap_backend *backend, size_t bytes);
/* The same for a dedicated zone cache. */
enum stage_state try_out_cache(enum stage_state state);

#endif
