/* SPDX-License-Identifier: MIT */
/* Writes that a mistaken pointer would make, and a look at what they hit. */
#include "labtest/common.h"
#include "labtest/live_blocks.h"
#include "labtest/soundness.h"

/* During a playback, memory has its last contents: the writes are in it. */
void lab_stray(uintptr_t address, size_t bytes, uint8_t value)
{
    soundness_damaged();
    if (lab_side_playing())
        return;
    for (uintptr_t at = address; at < address + bytes; at++) {
        if (live_blocks_within(at, 1) && !live_blocks_overlap(at, 1))
            *(volatile uint8_t *)at = value;
    }
}

void lab_stray_word(uintptr_t address, uint32_t word)
{
    for (unsigned i = 0; i < sizeof word; i++)
        lab_stray(address + i, 1, (uint8_t)(word >> 8 * i));
}

uint32_t lab_word(const void *address)
{
    uint32_t word = lab_side_playing() ? 0 : *(const uint32_t *)address;

    lab_side_see(&word, sizeof word);
    return word;
}
