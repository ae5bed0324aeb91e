/* SPDX-License-Identifier: MIT */
/* Formats text, and passes it to the one sink.
 *
 *     format, arguments --> characters --> output --> a caller's buffer
 *                                              \----> pieces, to the sink
 *
 * A conversion is read into a struct first (what does it ask for), then the
 * text is made (what are the digits), then both are laid out in the field.
 */
#include "lib/print.h"

#include "lib/string.h"

#include <stdbool.h>
#include <stdint.h>

#define PIECE_BYTES 128
#define MOST_DIGITS 20 /* of 2^64 - 1, in decimal */

/* Collects characters.  With a sink, a full buffer is passed on and used
 * again; without one, what does not fit is counted and dropped. */
struct output {
    char *text;
    size_t room;
    size_t held;
    size_t length; /* of the whole text so far */
    print_sink sink;
};

enum argument_size {
    SIZE_INT,
    SIZE_LONG,
    SIZE_LONG_LONG,
    SIZE_SIZE
};

/* % flags width .precision size kind; all but the last may be missing */
struct conversion {
    bool left, zeros, prefixed;
    size_t width;
    size_t precision;
    enum argument_size size;
    char kind;
};

static print_sink current_sink;

static void output_flush(struct output *output)
{
    if (output->sink != NULL && output->held > 0) {
        output->sink(output->text, output->held);
        output->held = 0;
    }
}

static void output_put(struct output *output, char character)
{
    output->length++;
    if (output->held == output->room)
        output_flush(output);
    if (output->held < output->room)
        output->text[output->held++] = character;
}

static void put_times(struct output *output, char character, size_t times)
{
    while (times-- > 0)
        output_put(output, character);
}

static void put_bytes(struct output *output, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        output_put(output, text[i]);
}

/* Lays `prefix` (a sign, "0x") and `body` out in the field. */
static void put_field(struct output *output, const struct conversion *wanted,
                      const char *prefix, const char *body, size_t body_bytes)
{
    size_t bytes = strlen(prefix) + body_bytes;
    size_t padding = wanted->width > bytes ? wanted->width - bytes : 0;

    if (!wanted->left && !wanted->zeros)
        put_times(output, ' ', padding);
    put_bytes(output, prefix, strlen(prefix));
    if (!wanted->left && wanted->zeros)
        put_times(output, '0', padding);
    put_bytes(output, body, body_bytes);
    if (wanted->left)
        put_times(output, ' ', padding);
}

/* Digits come out lowest first, so the buffer is filled from its end. */
static void put_number(struct output *output, const struct conversion *wanted,
                       const char *prefix, uint64_t value, uint32_t base)
{
    char digits[MOST_DIGITS];
    size_t first = MOST_DIGITS;

    do {
        digits[--first] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    put_field(output, wanted, prefix, digits + first, MOST_DIGITS - first);
}

static void output_put_text(struct output *output,
                            const struct conversion *wanted, const char *text)
{
    size_t bytes = 0;

    if (text == NULL)
        text = "(null)";
    /* Not strlen: with a precision the text need not end in 0. */
    while (bytes < wanted->precision && text[bytes] != 0)
        bytes++;
    put_field(output, wanted, "", text, bytes);
}

static uint64_t take_unsigned(enum argument_size size, va_list *arguments)
{
    switch (size) {
    case SIZE_LONG:
        return va_arg(*arguments, unsigned long);
    case SIZE_LONG_LONG:
        return va_arg(*arguments, unsigned long long);
    case SIZE_SIZE:
        return va_arg(*arguments, size_t);
    default:
        return va_arg(*arguments, unsigned int);
    }
}

static int64_t take_signed(enum argument_size size, va_list *arguments)
{
    switch (size) {
    case SIZE_LONG:
        return va_arg(*arguments, long);
    case SIZE_LONG_LONG:
        return va_arg(*arguments, long long);
    case SIZE_SIZE:
        return va_arg(*arguments, ptrdiff_t);
    default:
        return va_arg(*arguments, int);
    }
}

static void convert_signed(struct output *output,
                           const struct conversion *wanted, int64_t value)
{
    /* Negated as unsigned: the most negative number has no positive one. */
    if (value < 0)
        put_number(output, wanted, "-", 0 - (uint64_t)value, 10);
    else
        put_number(output, wanted, "", (uint64_t)value, 10);
}

static void convert(struct output *output, const struct conversion *wanted,
                    va_list *arguments)
{
    char character;
    uint64_t value;

    switch (wanted->kind) {
    case 'd':
        convert_signed(output, wanted, take_signed(wanted->size, arguments));
        break;
    case 'u':
        value = take_unsigned(wanted->size, arguments);
        put_number(output, wanted, "", value, 10);
        break;
    case 'x':
        value = take_unsigned(wanted->size, arguments);
        put_number(output, wanted, wanted->prefixed && value != 0 ? "0x" : "",
                   value, 16);
        break;
    case 'p':
        value = (uintptr_t)va_arg(*arguments, void *);
        put_number(output, wanted, "0x", value, 16);
        break;
    case 's':
        output_put_text(output, wanted, va_arg(*arguments, const char *));
        break;
    case 'c':
        character = (char)va_arg(*arguments, int);
        put_field(output, wanted, "", &character, 1);
        break;
    case '%':
        output_put(output, '%');
        break;
    default: /* unknown: printed as it is, so that a reader notices */
        output_put(output, '%');
        output_put(output, wanted->kind);
    }
}

/* Each reads its part of a conversion and returns what follows it. */

static const char *read_flags(const char *format, struct conversion *wanted)
{
    for (;; format++) {
        if (*format == '-')
            wanted->left = true;
        else if (*format == '0')
            wanted->zeros = true;
        else if (*format == '#')
            wanted->prefixed = true;
        else
            return format;
    }
}

/* A number, or '*' for the next argument. */
static const char *read_count(const char *format, int *count,
                              va_list *arguments)
{
    *count = 0;
    if (*format == '*') {
        *count = va_arg(*arguments, int);
        return format + 1;
    }
    for (; *format >= '0' && *format <= '9'; format++)
        *count = *count * 10 + (*format - '0');
    return format;
}

static const char *read_size(const char *format, enum argument_size *size)
{
    if (*format == 'z') {
        *size = SIZE_SIZE;
        return format + 1;
    }
    if (*format != 'l')
        return format;
    *size = format[1] == 'l' ? SIZE_LONG_LONG : SIZE_LONG;
    return format + (format[1] == 'l' ? 2 : 1);
}

static const char *read_conversion(const char *format,
                                   struct conversion *wanted,
                                   va_list *arguments)
{
    int count;

    *wanted = (struct conversion){ .precision = SIZE_MAX };
    format = read_flags(format, wanted);
    format = read_count(format, &count, arguments);
    if (count < 0) /* as in C: a negative '*' means '-' and its amount */
        wanted->left = true;
    wanted->width = count < 0 ? 0 - (size_t)count : (size_t)count;
    if (*format == '.') {
        format = read_count(format + 1, &count, arguments);
        wanted->precision = count < 0 ? SIZE_MAX : (size_t)count;
    }
    format = read_size(format, &wanted->size);
    wanted->kind = *format;
    return format;
}

static void format_to(struct output *output, const char *format,
                      va_list *arguments)
{
    struct conversion wanted;

    for (; *format != 0; format++) {
        if (*format != '%') {
            output_put(output, *format);
            continue;
        }
        format = read_conversion(format + 1, &wanted, arguments);
        if (wanted.kind == 0) /* the text ends inside a conversion */
            return;
        convert(output, &wanted, arguments);
    }
}

print_sink print_to(print_sink sink)
{
    print_sink before = current_sink;

    current_sink = sink;
    return before;
}

void vprint(const char *format, va_list arguments)
{
    char piece[PIECE_BYTES];
    struct output output = { piece, sizeof piece, 0, 0, current_sink };
    va_list mine; /* where va_list is an array, &arguments has another type */

    va_copy(mine, arguments);
    format_to(&output, format, &mine);
    va_end(mine);
    output_flush(&output);
}

void print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vprint(format, arguments);
    va_end(arguments);
}

size_t vformat_text(char *text, size_t bytes, const char *format,
                    va_list arguments)
{
    struct output output = { text, bytes > 0 ? bytes - 1 : 0, 0, 0, NULL };
    va_list mine;

    va_copy(mine, arguments);
    format_to(&output, format, &mine);
    va_end(mine);
    if (bytes > 0)
        text[output.held] = 0;
    return output.length;
}

size_t format_text(char *text, size_t bytes, const char *format, ...)
{
    va_list arguments;
    size_t length;

    va_start(arguments, format);
    length = vformat_text(text, bytes, format, arguments);
    va_end(arguments);
    return length;
}
