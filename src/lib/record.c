/* SPDX-License-Identifier: MIT */
/* A line of facts for the host. */
#include "lib/record.h"

#include "lib/print.h"
#include "lib/string.h"

#include <stdbool.h>

static void append(struct record *record, const char *text, size_t bytes)
{
    if (bytes >= sizeof record->text - record->bytes)
        return;
    memcpy(record->text + record->bytes, text, bytes);
    record->bytes += bytes;
    record->text[record->bytes] = 0;
}

void record_begin(struct record *record, const char *kind)
{
    record->bytes = 0;
    record->text[0] = 0;
    append(record, kind, strlen(kind));
}

void record_number(struct record *record, const char *key, uint64_t value)
{
    char word[64];
    size_t bytes = format_text(word, sizeof word, " %s=%llu", key,
                               (unsigned long long)value);

    append(record, word, bytes);
}

static bool is_plain(char c)
{
    return c > ' ' && c <= '~' && c != '=' && c != '%';
}

void record_text(struct record *record, const char *key, const char *value)
{
    append(record, " ", 1);
    append(record, key, strlen(key));
    append(record, "=", 1);
    for (; *value != 0; value++) {
        char encoded[4];

        format_text(encoded, sizeof encoded, is_plain(*value) ? "%c" : "%%%02x",
                    (unsigned char)*value);
        append(record, encoded, strlen(encoded));
    }
}
