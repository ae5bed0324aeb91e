/* SPDX-License-Identifier: MIT */
/* Verdicts in words. */
#include "replay/result.h"

#include "lib/addr.h"
#include "mm/heap/heap.h"

#define STEPS_PER_PEAK 2048u /* footprints are exact to 0.05 % of the peak */

bool replay_is_wrong(const struct replay_result *result)
{
    return result->verdict != REPLAY_OK &&
           result->verdict != REPLAY_OUT_OF_MEMORY;
}

size_t replay_footprint_step(uint64_t peak_bytes)
{
    size_t step = (size_t)align_down((uintptr_t)(peak_bytes / STEPS_PER_PEAK),
                                     GRANULE_BYTES);

    return step < GRANULE_BYTES ? GRANULE_BYTES : step;
}

const char *replay_verdict_text(enum replay_verdict verdict)
{
    static const char *const texts[] = {
        [REPLAY_OK] = "ok",
        [REPLAY_OUT_OF_MEMORY] = "out of memory",
        [REPLAY_FAILED] = "FAILED",
        [REPLAY_REFUSED] = "refused",
        [REPLAY_NOT_WRITTEN] = "not written",
    };

    return texts[verdict];
}
