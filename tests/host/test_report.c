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

TEST(replay_table_and_records)
{
    struct replay_env env;
    struct trace_file files[] = {
        fake_trace("2\n5\na 0 100\na 1 40\nr 0 200\nr 1 8\nf 0\n"),
        fake_trace("1\n1\na 0 70000\n"),
        fake_trace("1\n1\nx 0 7\n"),
    };

    files[1].name = "too much=100%.rep";
    files[2].name = "a-name-that-is-too-long-for-its-column.rep";
    env = fake_env();
    env.counter = &fake_counter;
    env.record = record;
    fake_memory(files, 3);
    CHECK_EQ(replay_all(&env, files, 3), 1);
    CHECK_TEXT(
        printed_text(),
        "replay at stage fake, heap of 65536 bytes\n"
        "trace                      ops fails     peak  footprint   util  "
        "verdict\n"
        "  instructions a call   malloc mean/worst    free mean/worst"
        " realloc mean/worst\n"
        "t.rep                        5     0      240        344  69.7%  ok\n"
        "                                  10.0/10              1.0/1"
        "          105.5/111\n"
        "too much=100%.rep            1     1    70000          -      -  "
        "out of memory\n"
        "                                  10.0/10                  -"
        "                  -\n"
        "    too much=100%.rep:3: out of memory after 0 operations, rightly: "
        "the "
        "trace's\n"
        "    peak of 70000 bytes does not fit the heap of 65536\n"
        "a-name-that-is-too-long-for-its-column.rep\n"
        "                                                                 "
        "refused\n"
        "    a-name-that-is-too-long-for-its-column.rep:3: \"x\" is no "
        "operation, expected\n"
        "    a, r or f\n"
        "3 traces, 1 wrong: 1 ok, 1 out of memory, 1 refused\n");
    CHECK_TEXT(
        records,
        "trace name=t.rep verdict=ok operations=5 failures=0 skipped=0 "
        "peak_bytes=240 high_water_bytes=344 footprint_bytes=344 "
        "utilisation_milli=697 malloc_count=2 malloc_mean_milli=10000 "
        "malloc_worst=10 free_count=1 free_mean_milli=1000 free_worst=1 "
        "realloc_count=2 realloc_mean_milli=105500 realloc_worst=111\n"
        "trace name=too%20much%3d100%25.rep verdict=out-of-memory operations=1 "
        "failures=1 skipped=0 done_before_failure=0 peak_bytes=70000 "
        "high_water_bytes=0 malloc_count=1 malloc_mean_milli=10000 "
        "malloc_worst=10 free_count=0 realloc_count=0 line=3 "
        "reason=too%20much%3d100%25.rep:3:%20out%20of%20memory%20after%200%20"
        "operations,%20rightly:%20the%20trace's%20peak%20of%2070000%20bytes%"
        "20does"
        "%20not%20fit%20the%20heap%20of%2065536\n"
        "trace name=a-name-that-is-too-long-for-its-column.rep verdict=refused "
        "line=3 "
        "reason=a-name-that-is-too-long-for-its-column.rep:3:%20\"x\"%20is"
        "%20no%20operation,%20expected%20a,%20r%20or%20f\n"
        "replay stage=fake heap_bytes=65536 quick=0 counted=1 traces=3 "
        "wrong=1\n");
}
