/* SPDX-License-Identifier: MIT */
/* The .rep format. */
#include "replay/trace.h"

#include "lib/print.h"

#include <stdarg.h>

#define SHORT_HEADER_LINES 2u
#define LONG_HEADER_LINES  4u
#define SHORTEST_ALLOC     6u /* bytes of "a 0 0\n" */
#define MOST_WORDS         3u
#define MOST_QUOTED        24u /* bytes of a wrong word that we repeat */

struct word {
    const char *text;
    size_t bytes;
};

/* A line cut into words.  `count` also counts words beyond the end of `words`.
 */
struct line {
    struct word words[MOST_WORDS];
    unsigned count;
};

/* The letters of the format. */
static const struct {
    char letter;
    enum trace_kind kind;
    unsigned words;
    const char *takes;
} letters[] = {
    { 'a', TRACE_ALLOC, 3, "an id and a number of bytes" },
    { 'r', TRACE_RESIZE, 3, "an id and a number of bytes" },
    { 'f', TRACE_FREE, 2, "an id" },
};

bool trace_refuse(struct trace *trace, const char *format, ...)
{
    char what[TRACE_REASON_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vformat_text(what, sizeof what, format, arguments);
    va_end(arguments);
    format_text(trace->reason, sizeof trace->reason, "%s:%u: %s",
                trace->file->name, trace->line, what);
    return false;
}

uint32_t trace_ids_bound(size_t bytes)
{
    return (uint32_t)(bytes / SHORTEST_ALLOC) + 1;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Whether `c` can be part of a word. */
static bool is_visible(char c)
{
    return c > ' ' && c <= '~';
}

/* How much of a word fits into a message: the precision of a %.*s. */
static int quoted(struct word word)
{
    return (int)(word.bytes < MOST_QUOTED ? word.bytes : MOST_QUOTED);
}

/* Whether only blanks and line ends follow. */
static bool only_blanks_left(const struct trace *trace)
{
    for (size_t i = trace->offset; i < trace->file->bytes; i++) {
        char c = trace->file->text[i];

        if (!is_blank(c) && c != '\r' && c != '\n')
            return false;
    }
    return true;
}

/* The next line without its LF, CRLF and blanks at the end. */
static struct word take_line(struct trace *trace)
{
    const struct trace_file *file = trace->file;
    size_t begin = trace->offset;
    size_t end = begin;

    while (end < file->bytes && file->text[end] != '\n')
        end++;
    trace->offset = end < file->bytes ? end + 1 : end;
    trace->line++;
    if (end > begin && file->text[end - 1] == '\r')
        end--;
    while (end > begin && is_blank(file->text[end - 1]))
        end--;
    return (struct word){ file->text + begin, end - begin };
}

/* Reads a line and cuts it at its blanks. */
static bool read_words(struct trace *trace, struct line *line)
{
    struct word text = take_line(trace);
    size_t at = 0;

    *line = (struct line){ .count = 0 };
    if (text.bytes == 0)
        return trace_refuse(trace, "a blank line before the end");
    if (is_blank(text.text[0]))
        return trace_refuse(trace, "the line begins with a blank");
    while (at < text.bytes) {
        size_t begin = at;

        while (at < text.bytes && is_visible(text.text[at]))
            at++;
        if (line->count < MOST_WORDS)
            line->words[line->count] =
                (struct word){ text.text + begin, at - begin };
        line->count++;
        if (at < text.bytes && !is_blank(text.text[at]))
            return trace_refuse(trace,
                                "byte %zu of the line is 0x%02x, which is not "
                                "text",
                                at + 1, (uint8_t)text.text[at]);
        while (at < text.bytes && is_blank(text.text[at]))
            at++;
    }
    return true;
}

static bool trace_read_number(struct trace *trace, struct word word,
                              const char *what, uint32_t *value)
{
    uint32_t number = 0;

    for (size_t i = 0; i < word.bytes; i++) {
        uint32_t digit = (uint32_t)word.text[i] - '0';

        if (!is_digit(word.text[i]))
            return trace_refuse(trace, "%s \"%.*s\" is not a decimal number",
                                what, quoted(word), word.text);
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, digit, &number))
            return trace_refuse(trace, "%s %.*s does not fit 32 bits", what,
                                quoted(word), word.text);
    }
    *value = number;
    return true;
}

/* Lines from here on that begin with a digit; one more than the longest
 * header is enough to know. */
static unsigned count_number_lines(const struct trace *trace)
{
    struct trace ahead = *trace;
    unsigned count = 0;

    while (count <= LONG_HEADER_LINES && ahead.offset < ahead.file->bytes) {
        struct word text = take_line(&ahead);

        if (text.bytes == 0 || !is_digit(text.text[0]))
            break;
        count++;
    }
    return count;
}

static bool read_header_line(struct trace *trace, const char *what,
                             uint32_t *value)
{
    struct line line;

    if (!read_words(trace, &line))
        return false;
    if (line.count != 1)
        return trace_refuse(trace, "%u words, expected one number: %s",
                            line.count, what);
    return trace_read_number(trace, line.words[0], what, value);
}

bool trace_open(struct trace *trace, const struct trace_file *file)
{
    uint32_t ignored;
    unsigned lines;

    *trace = (struct trace){ .file = file };
    if (only_blanks_left(trace))
        return trace_refuse(trace, "the file is empty");
    lines = count_number_lines(trace);
    if (lines != SHORT_HEADER_LINES && lines != LONG_HEADER_LINES) {
        trace->line = 1;
        return trace_refuse(trace,
                            "%s%u header lines with a number, expected "
                            "2 (ids, operations) or 4 (heap bytes, ids, "
                            "operations, weight)",
                            lines > LONG_HEADER_LINES ? "at least " : "",
                            lines);
    }
    if (lines == LONG_HEADER_LINES &&
        !read_header_line(trace, "suggested heap bytes", &ignored))
        return false;
    if (!read_header_line(trace, "number of ids", &trace->ids) ||
        !read_header_line(trace, "number of operations", &trace->operations))
        return false;
    return lines == SHORT_HEADER_LINES ||
           read_header_line(trace, "weight", &ignored);
}

static bool read_id(struct trace *trace, struct word word, struct trace_op *op)
{
    if (op->kind == TRACE_FREE && word.bytes == 2 && word.text[0] == '-' &&
        word.text[1] == '1') {
        op->kind = TRACE_FREE_NULL;
        return true;
    }
    if (!trace_read_number(trace, word, "id", &op->id))
        return false;
    if (op->id >= trace->ids)
        return trace_refuse(trace,
                            "id %u, but the header says %u ids, from 0 "
                            "on",
                            op->id, trace->ids);
    return true;
}

static bool read_op(struct trace *trace, struct trace_op *op)
{
    struct line line;

    if (!read_words(trace, &line))
        return false;
    for (unsigned i = 0; i < sizeof letters / sizeof *letters; i++) {
        if (line.words[0].bytes != 1 ||
            line.words[0].text[0] != letters[i].letter)
            continue;
        if (line.count != letters[i].words)
            return trace_refuse(trace, "%u words, but '%c' takes %s",
                                line.count, letters[i].letter,
                                letters[i].takes);
        op->kind = letters[i].kind;
        if (!read_id(trace, line.words[1], op))
            return false;
        return line.count < MOST_WORDS ||
               trace_read_number(trace, line.words[2], "size", &op->bytes);
    }
    return trace_refuse(trace, "unknown operation \"%.*s\", expected a, r or f",
                        quoted(line.words[0]), line.words[0].text);
}

enum trace_step trace_next(struct trace *trace, struct trace_op *op)
{
    bool at_end = only_blanks_left(trace);

    *op = (struct trace_op){ .kind = TRACE_FREE_NULL };
    if (at_end && trace->done == trace->operations)
        return TRACE_END;
    if (at_end) {
        trace_refuse(trace,
                     "the trace ends after %u operations, but the "
                     "header says %u",
                     trace->done, trace->operations);
        return TRACE_REFUSED;
    }
    if (!read_op(trace, op))
        return TRACE_REFUSED;
    if (trace->done == trace->operations) {
        trace_refuse(trace, "more operations than the %u that the header says",
                     trace->operations);
        return TRACE_REFUSED;
    }
    trace->done++;
    return TRACE_OP;
}
