/* SPDX-License-Identifier: MIT */
/* Calls, for the host to play back. */
#include "labtest/call_record.h"

#include "lib/string.h"

#define TEXT_BYTES (CALL_RECORD_ARGUMENTS * sizeof(uint32_t))
#define KIND_FULL  UINT16_MAX
#define MIX        0x9E3779B1u /* odd: no bit is lost in the product */

static struct {
    struct call_record_entry *entries;
    uint32_t count, capacity;
    uint32_t code; /* of the last record; the key before there is one */
} call_record;

/* Any change of a word changes the code, and the order of words counts. */
static uint32_t code_of(const struct call_record_entry *record, uint32_t code)
{
    const uint32_t *words = (const uint32_t *)record;

    for (size_t i = 0; i < offsetof(struct call_record_entry, code) / 4; i++) {
        code = (code ^ words[i]) * MIX;
        code ^= code >> 15;
    }
    return code;
}

void call_record_init(void *begin, size_t bytes, uint32_t key)
{
    call_record.entries = begin;
    call_record.capacity = (uint32_t)(bytes / sizeof *call_record.entries) - 1;
    call_record.entries[0] = (struct call_record_entry){ 0 };
    call_record.count = 0;
    call_record.code = key;
}

void call_record_open(const void *begin, size_t bytes, uint32_t key)
{
    call_record.entries = (struct call_record_entry *)(uintptr_t)begin;
    call_record.capacity = (uint32_t)(bytes / sizeof *call_record.entries);
    call_record.count = 0;
    call_record.code = key;
}

bool call_record_take(struct call_record_entry *record)
{
    if (call_record.count >= call_record.capacity)
        return false;
    *record = call_record.entries[call_record.count];
    if (record->order != call_record.count ||
        record->code != code_of(record, call_record.code))
        return false;
    call_record.code = record->code;
    call_record.count++;
    return true;
}

bool call_record_append(struct call_record_entry record)
{
    if (call_record.count >= call_record.capacity)
        return false;
    if (call_record.count + 1 == call_record.capacity)
        record = (struct call_record_entry){ .kind = KIND_FULL };
    record.order = call_record.count;
    record.code = code_of(&record, call_record.code);
    call_record.code = record.code;
    call_record.entries[call_record.count++] = record;
    call_record.entries[call_record.count] =
        (struct call_record_entry){ 0 }; /* the end */
    return record.kind != KIND_FULL;
}

void call_record_append_text(uint16_t kind, uint16_t line, const char *text)
{
    struct call_record_entry record = { .kind = kind, .line = line };
    size_t left = strlen(text);

    do {
        size_t bytes = left < TEXT_BYTES ? left : TEXT_BYTES;

        memset(record.arguments, 0, TEXT_BYTES);
        memcpy(record.arguments, text, bytes);
        text += bytes;
        left -= bytes;
        if (!call_record_append(record))
            return;
    } while (left > 0);
}
