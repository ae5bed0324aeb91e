/* SPDX-License-Identifier: MIT */
/* Stamps the live blocks around a mistake, and verifies them after it. */
#include "bench/driver/crowd.h"

#include "bench/driver/system.h"
#include "lib/panic.h"
#include "lib/string.h"

#define HEAP_BYTES (2u << 20)

static uint8_t stamp_of(const struct crowd *crowd, const struct member *member)
{
    return (uint8_t)(0x80 + (member - crowd->members));
}

static void stamp(struct crowd *crowd, struct member *member)
{
    memset(member->payload, stamp_of(crowd, member), member->bytes);
}

static bool is_intact(const struct crowd *crowd, const struct member *member)
{
    for (uint32_t i = 0; i < member->bytes; i++) {
        if (member->payload[i] != stamp_of(crowd, member))
            return false;
    }
    return true;
}

static bool overlaps(const struct crowd *crowd, const uint8_t *payload,
                     uint32_t bytes)
{
    for (uint32_t i = 0; i < CROWD_PLACES; i++) {
        const struct member *member = &crowd->members[i];

        if (member->payload && payload < member->payload + member->bytes &&
            member->payload < payload + bytes)
            return true;
    }
    return false;
}

void *crowd_alloc(struct crowd *crowd, uint32_t bytes)
{
    uintptr_t payload;

    call_counted(crowd->subject->alloc, bytes, 8, &payload);
    return (void *)payload;
}

bool crowd_free(struct crowd *crowd, void *payload)
{
    uintptr_t error;

    call_counted(crowd->subject->free, (uintptr_t)payload, 0, &error);
    return crowd->subject->start && error != 0;
}

void crowd_stamp(struct crowd *crowd)
{
    for (uint32_t i = 0; i < CROWD_PLACES; i++) {
        if (crowd->members[i].payload)
            stamp(crowd, &crowd->members[i]);
    }
}

static enum finding join(struct crowd *crowd, struct member *member)
{
    uint32_t bytes = 1 + random_below(&crowd->random, 200);
    uint8_t *payload = crowd_alloc(crowd, bytes);

    if (!payload)
        return FINDING_NONE;
    if (overlaps(crowd, payload, bytes))
        return FINDING_TWICE;
    *member = (struct member){ payload, bytes };
    stamp(crowd, member);
    return FINDING_NONE;
}

static enum finding part(struct crowd *crowd, struct member *member)
{
    enum finding finding =
        is_intact(crowd, member) ? FINDING_NONE : FINDING_DAMAGED;

    if (crowd_free(crowd, member->payload)) {
        crowd->refused++;
        if (finding == FINDING_NONE)
            finding = FINDING_REFUSED;
    }
    member->payload = NULL;
    return finding;
}

enum finding crowd_live_on(struct crowd *crowd, uint32_t operations)
{
    enum finding worst = FINDING_NONE;

    for (uint32_t i = 0; i < operations && worst < FINDING_DAMAGED; i++) {
        struct member *member =
            &crowd->members[random_below(&crowd->random, CROWD_PLACES)];
        enum finding finding =
            member->payload ? part(crowd, member) : join(crowd, member);

        if (finding > worst)
            worst = finding;
    }
    return worst;
}

void crowd_start(struct crowd *crowd, const struct subject *subject,
                 uint32_t seed, uintptr_t *begin, uintptr_t *end)
{
    memset(crowd, 0, sizeof *crowd);
    crowd->subject = subject;
    random_seed(&crowd->random, seed);
    *begin = (uintptr_t)memory_map(HEAP_BYTES, true);
    *end = *begin + HEAP_BYTES;
    if (subject->start && !subject->start(*begin, *end))
        panic("%s does not start", subject->name);
    if (crowd_live_on(crowd, 1000) != FINDING_NONE)
        panic("%s errs without any misuse", subject->name);
}
