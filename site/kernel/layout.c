/* SPDX-License-Identifier: MIT */
/* Where the page finds what in the kernel's structures: the compiler's answer,
 * so that no offset is written a second time (site/lab/heap-view.js). */
#include <stddef.h>
#include <stdint.h>

#include "labtest/live_blocks.h"
#include "replay/picture.h"

#define OFFSET(type, member) ((uint32_t)offsetof(struct type, member))

extern const uint32_t page_layout[];
const uint32_t page_layout[] = {
    OFFSET(picture, title.stage),      OFFSET(picture, title.trace),
    OFFSET(picture, title.operations), OFFSET(picture, title.peak_bytes),
    OFFSET(picture, heap_begin),       OFFSET(picture, cell_granules),
    OFFSET(picture, map_cells),        OFFSET(picture, granules),
    OFFSET(live_block, payload),       OFFSET(live_block, bytes),
    sizeof(struct live_block),
};
