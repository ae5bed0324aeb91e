/* SPDX-License-Identifier: MIT */
/* lib against second opinions: the C library, the compiler's own division,
 * and models so simple that they are plainly right.
 */
#include "harness.h"

#include "lib/addr.h"
#include "lib/print.h"
#include "lib/random.h"

#include <limits.h>
#include <string.h>

/* The kernel's versions, under names that do not meet the host's own. */
#define memset       kernel_memset
#define memcpy       kernel_memcpy
#define memmove      kernel_memmove
#define memcmp       kernel_memcmp
#define strlen       kernel_strlen
#define strcmp       kernel_strcmp
#define strncmp      kernel_strncmp
#define __udivmoddi4 kernel_udivmoddi4
#define __udivdi3    kernel_udivdi3
#define __umoddi3    kernel_umoddi3
#define __divmoddi4  kernel_divmoddi4
#define __divdi3     kernel_divdi3
#define __moddi3     kernel_moddi3
#include "lib/divide.c"
#include "lib/string.c"
#undef memset
#undef memcpy
#undef memmove
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp

/* Bytes and strings. */

#define AREA 64

static void fill_area(uint8_t *area)
{
    for (unsigned i = 0; i < AREA; i++)
        area[i] = (uint8_t)(i * 7 + 1);
}

TEST(lib_memset_every_offset_and_length)
{
    uint8_t found[AREA], expected[AREA];

    for (unsigned at = 0; at < 8; at++) {
        for (unsigned bytes = 0; bytes < AREA - at; bytes++) {
            fill_area(found);
            fill_area(expected);
            CHECK(kernel_memset(found + at, 0x1A5, bytes) == found + at);
            memset(expected + at, 0x1A5, bytes);
            CHECK(memcmp(found, expected, AREA) == 0);
        }
    }
}

TEST(lib_memcpy_every_offset_and_length)
{
    uint8_t from[AREA], found[AREA], expected[AREA];

    fill_area(from);
    for (unsigned at = 0; at < 8; at++) {
        for (unsigned bytes = 0; bytes < AREA - at; bytes++) {
            memset(found, 0, AREA);
            memset(expected, 0, AREA);
            CHECK(kernel_memcpy(found + at, from, bytes) == found + at);
            memcpy(expected + at, from, bytes);
            CHECK(memcmp(found, expected, AREA) == 0);
        }
    }
}

TEST(lib_memmove_overlaps_both_ways)
{
    uint8_t found[AREA], expected[AREA];

    for (unsigned from = 0; from < 20; from++) {
        for (unsigned to = 0; to < 20; to++) {
            for (unsigned bytes = 0; bytes < 40; bytes++) {
                fill_area(found);
                fill_area(expected);
                CHECK(kernel_memmove(found + to, found + from, bytes) ==
                      found + to);
                memmove(expected + to, expected + from, bytes);
                CHECK(memcmp(found, expected, AREA) == 0);
            }
        }
    }
}

TEST(lib_memcmp_looks_at_bytes_without_sign)
{
    CHECK(kernel_memcmp("ab\x80", "ab\x7f", 3) > 0);
    CHECK(kernel_memcmp("ab\x7f", "ab\x80", 3) < 0);
    CHECK_EQ(kernel_memcmp("ab\x80", "ab\x7f", 2), 0);
    CHECK_EQ(kernel_memcmp("a\0b", "a\0b", 3), 0);
    CHECK(kernel_memcmp("a\0b", "a\0c", 3) < 0);
    CHECK_EQ(kernel_memcmp("x", "y", 0), 0);
}

TEST(lib_strings_compare_like_the_c_library)
{
    const char *texts[] = { "", "a", "ab", "abc", "abd", "\xff", "ab\x80" };
    const size_t count = sizeof texts / sizeof texts[0];

    for (size_t i = 0; i < count; i++) {
        CHECK_EQ(kernel_strlen(texts[i]), strlen(texts[i]));
        for (size_t j = 0; j < count; j++) {
            int found = kernel_strcmp(texts[i], texts[j]);
            int expected = strcmp(texts[i], texts[j]);

            CHECK_EQ(found < 0, expected < 0);
            CHECK_EQ(found > 0, expected > 0);
        }
    }
    CHECK_EQ(kernel_strncmp("abX", "abY", 2), 0);
    CHECK(kernel_strncmp("abX", "abY", 3) < 0);
    CHECK_EQ(kernel_strncmp("ab", "ab", 100), 0);
}

TEST(lib_parse_number)
{
    const struct {
        const char *text;
        bool good;
        uint32_t value;
    } cases[] = {
        { "0", true, 0 },
        { "007", true, 7 },
        { "4294967295", true, UINT32_MAX },
        { "4294967296", false, 0 },
        { "42949672950", false, 0 },
        { "99999999999999999999", false, 0 },
        { "0xffffffff", true, UINT32_MAX },
        { "0XFFFFFFFF", true, UINT32_MAX },
        { "0x0fFfFfFfF", true, UINT32_MAX },
        { "0x100000000", false, 0 },
        { "0xC0100000", true, 0xC0100000u },
        { "", false, 0 },
        { "0x", false, 0 },
        { "x", false, 0 },
        { "12a", false, 0 },
        { "0x1g", false, 0 },
        { "-1", false, 0 },
        { " 1", false, 0 },
        { "1 ", false, 0 },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t value = 0xDEADu;
        bool good = parse_number(cases[i].text, &value);

        if (good != cases[i].good)
            test_fail(__FILE__, __LINE__, "\"%s\": %d", cases[i].text, good);
        CHECK_EQ(value, good ? cases[i].value : 0xDEADu);
    }
}

/* Division. */

static void check_division(uint64_t dividend, uint64_t divisor)
{
    uint64_t rest = 1;
    int64_t left = (int64_t)dividend, right = (int64_t)divisor, signed_rest;

    if (divisor == 0)
        return;
    CHECK_EQ(kernel_udivdi3(dividend, divisor), dividend / divisor);
    CHECK_EQ(kernel_umoddi3(dividend, divisor), dividend % divisor);
    CHECK_EQ(kernel_udivmoddi4(dividend, divisor, &rest), dividend / divisor);
    CHECK_EQ(rest, dividend % divisor);
    if (left == INT64_MIN && right == -1)
        return; /* the quotient does not fit: undefined in C */
    CHECK_EQ(kernel_divdi3(left, right), left / right);
    CHECK_EQ(kernel_moddi3(left, right), left % right);
    CHECK_EQ(kernel_divmoddi4(left, right, &signed_rest), left / right);
    CHECK_EQ(signed_rest, left % right);
}

TEST(lib_division_around_powers_of_two)
{
    for (unsigned i = 0; i < 64; i++) {
        for (unsigned j = 0; j < 64; j++) {
            for (int change = 0; change < 9; change++) {
                uint64_t left = (1ull << i) + (uint64_t)(change / 3) - 1;
                uint64_t right = (1ull << j) + (uint64_t)(change % 3) - 1;

                check_division(left, right);
                check_division(0 - left, right);
                check_division(left, 0 - right);
                check_division(0 - left, 0 - right);
            }
        }
    }
}

TEST(lib_division_random)
{
    struct random random;

    random_seed(&random, 1);
    for (int i = 0; i < 100000; i++) {
        uint64_t left = (uint64_t)random_next(&random) << 32;
        uint64_t right = (uint64_t)random_next(&random) << 32;

        left |= random_next(&random);
        right |= random_next(&random);
        check_division(left >> random_below(&random, 64),
                       right >> random_below(&random, 64));
    }
}

TEST(lib_division_by_zero_stops)
{
    CHECK_PANICS(kernel_udivdi3(1, 0));
    CHECK_PANICS(kernel_moddi3(1ll << 40, 0));
}

/* Text. */

/* Ours and the C library's, from the same arguments. */
#define CHECK_FORMAT(...)                                                 \
    do {                                                                  \
        char found_[200], expected_[200];                                 \
        size_t length_ = format_text(found_, sizeof found_, __VA_ARGS__); \
        int wanted_ = snprintf(expected_, sizeof expected_, __VA_ARGS__); \
        CHECK_TEXT(found_, expected_);                                    \
        CHECK_EQ(length_, wanted_);                                       \
    } while (0)

TEST(lib_print_numbers)
{
    CHECK_FORMAT("%d %d %d %d", 0, -1, INT_MAX, INT_MIN);
    CHECK_FORMAT("%u %u", 0u, UINT_MAX);
    CHECK_FORMAT("%x %#x %#x %#x", 0xABCDEFu, 0xABCDEFu, 0u, UINT_MAX);
    CHECK_FORMAT("%lu %lx %#lx", ULONG_MAX, ULONG_MAX, 1ul);
    CHECK_FORMAT("%zu %zx", SIZE_MAX, SIZE_MAX);
    CHECK_FORMAT("%llu %llx %#llx", ULLONG_MAX, ULLONG_MAX, ULLONG_MAX);
    CHECK_FORMAT("%llu %llu", 0ull, 10000000000000000000ull);
    CHECK_FORMAT("%ld %lld", LONG_MIN, LLONG_MIN);
    CHECK_FORMAT("%d%%|%c|%c", 100, 'a', 'Z');
}

TEST(lib_print_fields)
{
    CHECK_FORMAT("[%5d][%-5d][%05d][%5d]", 42, 42, 42, -42);
    CHECK_FORMAT("[%05d][%-5d][%1d]", -42, -42, 12345);
    CHECK_FORMAT("[%#10x][%-#10x][%#010x]", 0xABCu, 0xABCu, 0xABCu);
    CHECK_FORMAT("[%08x][%2x][%016llx]", 0xBEEFu, 0xBEEFu, 0xBEEFull);
    CHECK_FORMAT("[%*d][%*d][%-*d]", 6, 1, -6, 1, 6, 1);
    CHECK_FORMAT("[%s][%6s][%-6s][%2s]", "abc", "abc", "abc", "abc");
    CHECK_FORMAT("[%.2s][%.0s][%6.2s][%-6.2s]", "abc", "abc", "abc", "abc");
    CHECK_FORMAT("[%.*s][%.*s][%.*s]", 1, "abc", 9, "abc", -1, "abc");
    CHECK_FORMAT("[%3c][%-3c]", 'x', 'y');
}

TEST(lib_print_never_reads_past_a_precision)
{
    char *three = malloc(3); /* no final 0: the sanitizer guards the fourth */
    char text[8];

    CHECK(three != NULL);
    memcpy(three, "abc", 3);
    format_text(text, sizeof text, "%.3s", three);
    CHECK_TEXT(text, "abc");
    free(three);
}

TEST(lib_print_odd_formats)
{
    char text[40];
    const char *volatile nothing = NULL; /* volatile: or gcc warns */
    const char *unknown = "%q %5", *end = "a%";

    format_text(text, sizeof text, "%p", (void *)0xC0100000u);
    CHECK_TEXT(text, "0xc0100000");
    format_text(text, sizeof text, "%s", nothing);
    CHECK_TEXT(text, "(null)");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
    format_text(text, sizeof text, unknown);
    CHECK_TEXT(text, "%q ");
    format_text(text, sizeof text, end);
    CHECK_TEXT(text, "a");
#pragma GCC diagnostic pop
}

TEST(lib_print_cuts_to_the_buffer)
{
    for (size_t bytes = 0; bytes < 9; bytes++) {
        char *text = malloc(bytes + 1);

        CHECK(text != NULL);
        text[bytes] = 'Z';
        CHECK_EQ(format_text(text, bytes, "%s", "abcdef"), 6);
        CHECK_EQ(text[bytes], 'Z');
        if (bytes > 0) {
            CHECK_EQ(strlen(text), bytes - 1 < 6 ? bytes - 1 : 6);
            CHECK(memcmp(text, "abcdef", strlen(text)) == 0);
        }
        free(text);
    }
}

TEST(lib_print_passes_long_lines_on_in_order)
{
    char expected[1000];

    memset(expected, 0, sizeof expected);
    for (unsigned i = 0; i < sizeof expected - 1; i++)
        expected[i] = (char)('a' + i % 26);
    (void)printed_text();
    print("%s", expected);
    CHECK_TEXT(printed_text(), expected);
    print("%d and ", 1);
    print("%d\n", 2);
    CHECK_TEXT(printed_text(), "1 and 2\n");
}

TEST(lib_print_without_a_sink_is_silent)
{
    print_sink before = print_to(NULL);

    print("%s", "without a sink");
    CHECK(print_to(before) == NULL);
    CHECK_TEXT(printed_text(), "");
}

/* Addresses. */

TEST(lib_addresses_cross_only_inside_the_direct_map)
{
    char *memory = play_physical_memory(8 * PAGE_BYTES);

    CHECK(phys_to_virt((phys_t){ 5 }) == memory + 5);
    CHECK_EQ(virt_to_phys(memory + 8 * PAGE_BYTES - 1).addr,
             8 * PAGE_BYTES - 1);
    CHECK(frame_to_virt((frame_t){ 7 }) == memory + 7 * PAGE_BYTES);
    CHECK_PANICS(phys_to_virt((phys_t){ 8 * PAGE_BYTES }));
    CHECK_PANICS(virt_to_phys(memory + 8 * PAGE_BYTES));
    CHECK_PANICS(virt_to_phys(memory - 1));
    CHECK_EQ(bytes_to_pages(UINT32_MAX), 1u << 20);
    CHECK_EQ(bytes_to_pages(4096), 1);
    CHECK_EQ(bytes_to_pages(4097), 2);
    CHECK_EQ(bytes_to_pages(0), 0);
}
