/* SPDX-License-Identifier: MIT */
/* The table and the records, to the letter: people and scripts read them. */
#include "harness.h"

#include "fake_heap.h"

#include <string.h>

static const struct op_counter fake_counter = {
    .now = fake_clock,
    .ticks_per_instruction = 8,
    .overhead_ticks = 24,
    .exact = true,
};

static char records[4096];

static void record(const char *line)
{
    strcat(records, line);
    strcat(records, "\n");
}

static struct trace_file files[3];

/* One that is right, one that is too large, one that is malformed. */
static struct replay_env report_env(void)
{
    struct replay_env env = fake_env();

    files[0] = fake_trace("2\n5\na 0 100\na 1 40\nr 0 200\nr 1 8\nf 0\n");
    files[1] = fake_trace("1\n1\na 0 70000\n");
    files[2] = fake_trace("1\n1\nx 0 7\n");
    files[1].name = "too much=100%.rep";
    files[2].name = "a-name-that-is-too-long-for-its-column.rep";
    fake_memory(files, 3);
    env.counter = &fake_counter;
    env.record = record;
    return env;
}

/* Takes the next line off *text and compares it. */
static void check_line(const char **text, const char *expected)
{
    static char line[1024];
    size_t bytes = strcspn(*text, "\n");

    CHECK(bytes < sizeof line);
    memcpy(line, *text, bytes);
    line[bytes] = 0;
    CHECK_TEXT(line, expected);
    *text += bytes + 1;
}

/* clang-format off */
TEST(replay_table)
{
    static const char *const lines[] = {
"replay at stage fake, heap of 65536 bytes",
"trace                       ops fails     peak  footprint   util  verdict",
"  instructions (worst)             malloc              free           realloc",
"t.rep                         5     0      240        344  69.7%  ok",
"                                10.0 (10)           1.0 (1)       105.5 (111)",
"too much=100%.rep             1     1    70000          -      -  "
"out of memory",
"                                10.0 (10)                 -                 -",
"    too much=100%.rep:3: out of memory after 0 operations: the trace's peak "
"of",
"    70000 bytes, each block rounded up to 8, does not fit the heap of 65536",
"a-name-that-is-too-long-for-its-column.rep",
"                                                                  refused",
"    a-name-that-is-too-long-for-its-column.rep:3: unknown operation \"x\",",
"    expected a, r or f",
"3 traces, 1 wrong: 1 ok, 1 out of memory, 1 refused",
    };
    struct replay_env env = report_env();
    const char *text;

    CHECK_EQ(replay_all(&env, files, 3), 1);
    text = printed_text();
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
        CHECK(strlen(lines[i]) < 80);
        check_line(&text, lines[i]);
    }
    CHECK_TEXT(text, "");
}

TEST(replay_records)
{
    static const char *const lines[] = {
"trace name=t.rep verdict=ok operations=5 failures=0 skipped=0 "
"peak_bytes=240 high_water_bytes=344 footprint_bytes=344 "
"utilisation_milli=697 malloc_count=2 malloc_mean_milli=10000 "
"malloc_worst=10 free_count=1 free_mean_milli=1000 free_worst=1 "
"realloc_count=2 realloc_mean_milli=105500 realloc_worst=111",
"trace name=too%20much%3d100%25.rep verdict=out-of-memory operations=1 "
"failures=1 skipped=0 done_before_failure=0 peak_bytes=70000 "
"high_water_bytes=0 malloc_count=1 malloc_mean_milli=10000 "
"malloc_worst=10 free_count=0 realloc_count=0 line=3 "
"reason=too%20much%3d100%25.rep:3:%20out%20of%20memory%20after%200%20"
"operations:%20the%20trace's%20peak%20of%2070000%20bytes,%20each%20block"
"%20rounded%20up%20to%208,%20does%20not%20fit%20the%20heap%20of%2065536",
"trace name=a-name-that-is-too-long-for-its-column.rep verdict=refused "
"line=3 reason=a-name-that-is-too-long-for-its-column.rep:3:%20unknown"
"%20operation%20\"x\",%20expected%20a,%20r%20or%20f",
"replay stage=fake heap_bytes=65536 quick=0 counted=1 traces=3 wrong=1",
    };
    struct replay_env env = report_env();
    const char *text = records;

    replay_all(&env, files, 3);
    for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++)
        check_line(&text, lines[i]);
    CHECK_TEXT(text, "");
}
/* clang-format on */

TEST(replay_table_of_quick_run_without_counter)
{
    struct replay_env env = report_env();
    const char *text;

    env.counter = NULL;
    env.quick = true;
    CHECK_EQ(replay_all(&env, files, 1), 0);
    text = printed_text();
    CHECK(strstr(text, " high water   util"));
    CHECK(strstr(text, "        344  69.7%  ok\n1 trace, 0 wrong: 1 ok\n"));
    CHECK(strstr(text, "No instruction counts: "));
    CHECK(!strstr(records, "footprint_bytes"));
    CHECK(!strstr(records, "malloc_mean_milli"));
    CHECK(strstr(records, "utilisation_milli=697"));
    CHECK(strstr(records, "quick=1 counted=0"));
}

/* Calls so short that they vanish in the counting are 0, never negative. */
TEST(replay_counts_are_never_negative)
{
    struct op_counter coarse = fake_counter;
    struct replay_env env = report_env();

    coarse.overhead_ticks = 1000;
    env.counter = &coarse;
    replay_all(&env, files, 1);
    CHECK(strstr(records, "malloc_mean_milli=0 malloc_worst=0 "));
}

TEST(replay_of_no_traces)
{
    struct replay_env env = report_env();

    CHECK_EQ(replay_all(&env, files, 0), 0);
    CHECK(strstr(printed_text(), "0 traces, 0 wrong\n"));
}
