/* SPDX-License-Identifier: MIT */
/* Calls, for the host to play back. */
#include "labtest/call_record.h"

#include "lib/string.h"

#define TEXT_BYTES (TAPE_ARGUMENTS * sizeof(uint32_t))
#define KIND_FULL  UINT16_MAX
#define MIX        0x9E3779B1u /* odd: no bit is lost in the product */

static struct {
    struct tape_record *records;
    uint32_t count, room;
    uint32_t seal; /* of the last record; the key before there is one */
} tape;

/* Any change of a word changes the seal, and the order of words counts. */
static uint32_t sealed(const struct tape_record *record, uint32_t seal)
{
    const uint32_t *words = (const uint32_t *)record;

    for (size_t i = 0; i < offsetof(struct tape_record, seal) / 4; i++) {
        seal = (seal ^ words[i]) * MIX;
        seal ^= seal >> 15;
    }
    return seal;
}

void tape_init(void *begin, size_t bytes, uint32_t key)
{
    tape.records = begin;
    tape.room = (uint32_t)(bytes / sizeof *tape.records) - 1;
    tape.records[0] = (struct tape_record){ 0 };
    tape.count = 0;
    tape.seal = key;
}

void tape_open(const void *begin, size_t bytes, uint32_t key)
{
    tape.records = (struct tape_record *)(uintptr_t)begin;
    tape.room = (uint32_t)(bytes / sizeof *tape.records);
    tape.count = 0;
    tape.seal = key;
}

bool tape_take(struct tape_record *record)
{
    if (tape.count >= tape.room)
        return false;
    *record = tape.records[tape.count];
    if (record->order != tape.count ||
        record->seal != sealed(record, tape.seal))
        return false;
    tape.seal = record->seal;
    tape.count++;
    return true;
}

bool tape_append(struct tape_record record)
{
    if (tape.count >= tape.room)
        return false;
    if (tape.count + 1 == tape.room)
        record = (struct tape_record){ .kind = KIND_FULL };
    record.order = tape.count;
    record.seal = sealed(&record, tape.seal);
    tape.seal = record.seal;
    tape.records[tape.count++] = record;
    tape.records[tape.count] = (struct tape_record){ 0 }; /* the end */
    return record.kind != KIND_FULL;
}

void tape_append_text(uint16_t kind, uint16_t line, const char *text)
{
    struct tape_record record = { .kind = kind, .line = line };
    size_t left = strlen(text);

    do {
        size_t bytes = left < TEXT_BYTES ? left : TEXT_BYTES;

        memset(record.arguments, 0, TEXT_BYTES);
        memcpy(record.arguments, text, bytes);
        text += bytes;
        left -= bytes;
        if (!tape_append(record))
            return;
    } while (left > 0);
}
