/* SPDX-License-Identifier: MIT */
/* The parser and the survey: what is accepted, what is refused and in which
 * words, and that no text whatever makes them read outside it.
 */
#include "harness.h"

#include "lib/random.h"
#include "replay/survey.h"

#include <stdlib.h>
#include <string.h>

#define IDS 64u

static struct id_entry entries[IDS];
static struct trace trace;
static struct survey survey;

/* Surveys a copy that is exactly as long as the text, so that the sanitizer
 * sees every byte read beyond it. */
static bool survey_bytes(const char *text, size_t bytes)
{
    struct id_table ids = { entries, IDS };
    char *copy = malloc(bytes);
    struct trace_file file = { "x.rep", copy, bytes };
    bool accepted;

    memcpy(copy, text, bytes);
    trace = (struct trace){ .line = 0 };
    accepted = survey_trace(&trace, &file, &ids, &survey);
    free(copy);
    return accepted;
}

static void check_accepted(const char *text)
{
    if (!survey_bytes(text, strlen(text)))
        test_fail(__FILE__, __LINE__, "refused: %s", trace.reason);
}

static void check_refused(const char *text, const char *reason)
{
    if (survey_bytes(text, strlen(text)))
        test_fail(__FILE__, __LINE__, "accepted, expected: %s", reason);
    CHECK_TEXT(trace.reason, reason);
}

TEST(trace_long_header)
{
    check_accepted("20000\n3\n8\n1\n"
                   "a 0 512\na 1 128\nr 0 640\na 2 128\nf 1\nr 0 768\n"
                   "f 0\nf 2\n");
    CHECK_EQ(survey.operations, 8);
    CHECK_EQ(survey.peak_bytes, 896);
    CHECK_EQ(survey.peak_granules * GRANULE_BYTES, 896);
}

TEST(trace_short_header)
{
    check_accepted("2\n3\na 0 5\na 1 9\nf 0\n");
    CHECK_EQ(trace.ids, 2);
    CHECK_EQ(survey.peak_bytes, 14);
    CHECK_EQ(survey.peak_granules, 3);
}

TEST(trace_without_operations)
{
    check_accepted("0\n0\n");
    check_accepted("0\n0\n0\n1");
    CHECK_EQ(survey.peak_bytes, 0);
}

TEST(trace_line_ends_do_not_matter)
{
    check_accepted("1\r\n2\r\na 0 5\r\nf 0\r\n");
    check_accepted("1\n2\na 0 5\nf 0");
    check_accepted("1\n2\na 0 5\nf 0\r");
    check_accepted("1 \n2\t\na 0 5  \nf 0 \t\r\n");
    check_accepted("1\n2\na 0 5\nf 0\n\n  \n\r\n\t");
    check_accepted("1\n2\na  0\t5\nf 0\n");
}

TEST(trace_id_is_used_again)
{
    check_accepted("1\n4\na 0 5\nf 0\na 0 7\nf 0\n");
    CHECK_EQ(survey.peak_bytes, 7);
}

TEST(trace_zero_bytes_occupy_a_granule)
{
    check_accepted("2\n3\na 0 0\na 1 8\nr 1 0\n");
    CHECK_EQ(survey.peak_bytes, 8);
    CHECK_EQ(survey.peak_granules, 2);
}

TEST(trace_resize_of_nothing_is_an_allocation)
{
    check_accepted("1\n3\nr 0 16\nf 0\nr 0 24\n");
    CHECK_EQ(survey.peak_bytes, 24);
}

TEST(trace_free_of_null)
{
    check_accepted("0\n1\nf -1\n");
    check_refused("1\n1\na -1 8\n",
                  "x.rep:3: id \"-1\" is not a decimal number");
}

TEST(trace_peak_exceeds_32_bits)
{
    check_accepted("2\n2\na 0 4294967295\na 1 4294967295\n");
    CHECK_EQ(survey.peak_bytes, 8589934590ull);
    CHECK_EQ(survey.peak_granules, 1073741824ull);
}

TEST(trace_empty)
{
    check_refused("", "x.rep:0: the file is empty");
    check_refused("\n \r\n", "x.rep:0: the file is empty");
}

TEST(trace_header_of_wrong_length)
{
    const char *const begins[] = { "", "1\n", "1\n1\n1\n" };
    char text[40], reason[200];

    for (unsigned i = 0; i < 3; i++) {
        unsigned lines = (unsigned)strlen(begins[i]) / 2;

        snprintf(text, sizeof text, "%sa 0 5\n", begins[i]);
        snprintf(reason, sizeof reason,
                 "x.rep:1: %u header lines with a number, expected 2 (ids, "
                 "operations) or 4 (heap bytes, ids, operations, weight)",
                 lines);
        check_refused(text, reason);
    }
    check_refused("1\n1\n1\n1\n1\n1\na 0 5\n",
                  "x.rep:1: at least 5 header lines with a number, expected 2 "
                  "(ids, operations) or 4 (heap bytes, ids, operations, "
                  "weight)");
}

TEST(trace_header_words)
{
    check_refused("1 1\n1\na 0 5\n",
                  "x.rep:1: 2 words, expected one number: number of ids");
    check_refused(
        "1\n1x\na 0 5\n",
        "x.rep:2: number of operations \"1x\" is not a decimal number");
    check_refused("4294967296\n1\n1\n1\na 0 5\n",
                  "x.rep:1: suggested heap bytes 4294967296 does not fit 32 "
                  "bits");
}

TEST(trace_unknown_letter)
{
    check_refused("1\n1\nm 0 5\n",
                  "x.rep:3: unknown operation \"m\", expected a, r or f");
    check_refused("1\n1\nalloc 0 5\n",
                  "x.rep:3: unknown operation \"alloc\", expected a, r or f");
    check_refused("1\n2\na 0 5\n7 0\n",
                  "x.rep:4: unknown operation \"7\", expected a, r or f");
}

TEST(trace_missing_and_extra_words)
{
    check_refused("1\n1\na 0\n",
                  "x.rep:3: 2 words, but 'a' takes an id and a number of "
                  "bytes");
    check_refused("1\n1\na\n",
                  "x.rep:3: 1 words, but 'a' takes an id and a number of "
                  "bytes");
    check_refused("1\n1\na 0 5 6 7 8\n",
                  "x.rep:3: 6 words, but 'a' takes an id and a number of "
                  "bytes");
    check_refused("1\n1\nf 0 5\n", "x.rep:3: 3 words, but 'f' takes an id");
}

TEST(trace_numbers)
{
    check_accepted("1\n1\na 0 4294967295\n");
    check_refused("1\n1\na 0 4294967296\n",
                  "x.rep:3: size 4294967296 does not fit 32 bits");
    check_refused("1\n1\na 0 99999999999999999999999999999999\n",
                  "x.rep:3: size 999999999999999999999999 does not fit 32 "
                  "bits");
    check_refused("1\n1\na 0 -5\n",
                  "x.rep:3: size \"-5\" is not a decimal number");
    check_refused("1\n1\na 0 0x10\n",
                  "x.rep:3: size \"0x10\" is not a decimal number");
    check_refused("1\n1\nf -2\n", "x.rep:3: id \"-2\" is not a decimal number");
}

TEST(trace_id_out_of_range)
{
    check_refused("2\n1\na 2 5\n",
                  "x.rep:3: id 2, but the header says 2 ids, from 0 on");
}

TEST(trace_id_live_twice)
{
    check_refused("1\n2\na 0 5\na 0 6\n",
                  "x.rep:4: a of id 0, which is live already");
    check_refused("1\n2\nr 0 5\na 0 6\n",
                  "x.rep:4: a of id 0, which is live already");
}

TEST(trace_free_of_what_is_not_live)
{
    check_refused("1\n1\nf 0\n", "x.rep:3: f of id 0, which is not live");
    check_refused("1\n3\na 0 5\nf 0\nf 0\n",
                  "x.rep:5: f of id 0, which is not live");
}

TEST(trace_truncated_and_too_long)
{
    check_refused("1\n3\na 0 5\nf 0\n",
                  "x.rep:4: the trace ends after 2 operations, but the header "
                  "says 3");
    check_refused("1\n1\na 0 5\nf 0\n",
                  "x.rep:4: more operations than the 1 that the header says");
}

TEST(trace_blank_lines_inside)
{
    check_refused("1\n2\na 0 5\n\nf 0\n",
                  "x.rep:4: a blank line before the end");
    check_refused("1\n2\n a 0 5\nf 0\n",
                  "x.rep:3: the line begins with a blank");
}

TEST(trace_bytes_that_are_no_text)
{
    static const char with_nul[] = "1\n1\na 0\0 5\n";

    CHECK(!survey_bytes(with_nul, sizeof with_nul - 1));
    CHECK_TEXT(trace.reason,
               "x.rep:3: byte 4 of the line is 0x00, which is not text");
    check_refused("1\n1\na 0 5\r\r\n",
                  "x.rep:3: byte 6 of the line is 0x0d, which is not text");
    check_refused("1\n1\na 0 \xFF\n",
                  "x.rep:3: byte 5 of the line is 0xff, which is not text");
}

TEST(trace_more_ids_than_room)
{
    check_refused("4000000000\n1\na 0 5\n",
                  "x.rep:2: 4000000000 ids in the header, but the table has "
                  "room for 64");
}

TEST(trace_ids_are_bounded_by_the_text)
{
    CHECK(trace_ids_bound(strlen("a 0 0")) >= 1);
    CHECK(trace_ids_bound(strlen("a 0 0\na 1 0")) >= 2);
    CHECK(trace_ids_bound(6000) <= 1001);
}

/* Changes, removes and inserts bytes; what comes out may be valid or not. */
static size_t mutate(struct random *random, char *text, size_t bytes)
{
    static const char alphabet[] = "afr0123456789 -\n\r\t\0x";
    uint32_t times = 1 + random_below(random, 4);

    while (times-- > 0 && bytes > 1) {
        uint32_t at = random_below(random, (uint32_t)bytes - 1);
        char byte = alphabet[random_below(random, sizeof alphabet - 1)];

        switch (random_below(random, 4)) {
        case 0:
            text[at] = byte;
            break;
        case 1:
            memmove(text + at, text + at + 1, bytes - at - 1);
            bytes--;
            break;
        case 2:
            memmove(text + at + 1, text + at, bytes - at);
            text[at] = byte;
            bytes++;
            break;
        default:
            bytes = at + 1;
        }
    }
    return bytes;
}

TEST(trace_mutations_never_leave_the_text)
{
    static const char model[] = "20000\n3\n8\n1\n"
                                "a 0 512\na 1 128\r\nr 0 640\na 2 128\nf 1\n"
                                "r 0 768\nf -1\nf 2\n";
    uint32_t accepted = 0;
    struct random random;

    random_seed(&random, 7);
    for (unsigned i = 0; i < 30000; i++) {
        char text[sizeof model + 8];

        memcpy(text, model, sizeof model);
        if (survey_bytes(text, mutate(&random, text, sizeof model - 1)))
            accepted++;
        else
            CHECK(strncmp(trace.reason, "x.rep:", 6) == 0);
    }
    /* Some must have stayed valid, or the mutations try only one path. */
    CHECK(accepted > 100);
}
