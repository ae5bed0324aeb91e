/* SPDX-License-Identifier: MIT */
/* Replay against allocators that are wrong on purpose: each fault must be
 * found, named and placed; the same allocator without it must pass.
 */
#include "harness.h"

#include "fake_heap.h"
#include "lib/random.h"
#include "mm/heap/heap.h"

#include <string.h>

static size_t heap_bytes = FAKE_HEAP_BYTES;
static bool may_run_out;
static bool quick;
static struct replay_result result;

static void play(const char *text)
{
    struct trace_file file = fake_trace(text);
    struct replay_env env = fake_env();

    env.heap_bytes = heap_bytes;
    env.may_run_out = may_run_out;
    env.quick = quick;
    fake_memory(&file, 1);
    replay_run(&env, &file, &result);
    fake_forget();
}

static void check_verdict(enum replay_verdict verdict)
{
    if (result.verdict != verdict)
        test_fail(__FILE__, __LINE__, "verdict %s, expected %s: %s",
                  replay_verdict_text(result.verdict),
                  replay_verdict_text(verdict), result.reason);
}

/* Plays `text` with the fault: the reason must contain `what`. */
static void check_found(enum fake_fault which, const char *text,
                        const char *what)
{
    fake_fault = which;
    play(text);
    check_verdict(REPLAY_FAILED);
    CHECK(replay_is_wrong(&result));
    if (!strstr(result.reason, what))
        test_fail(__FILE__, __LINE__, "\"%s\" does not say \"%s\"",
                  result.reason, what);
    fake_fault = NO_FAULT;
    play(text);
    check_verdict(REPLAY_OK);
    CHECK_TEXT(result.reason, "");
}

#define THREE_BLOCKS "3\n6\na 0 100\na 1 40\na 2 20\nf 0\nf 1\nf 2\n"

TEST(replay_right_allocator)
{
    play("4\n9\na 0 100\na 1 40\na 2 0\nr 0 200\nr 1 4\nr 3 64\nf 0\nf -1\n"
         "r 2 24\n");
    check_verdict(REPLAY_OK);
    CHECK_EQ(result.operations, 9);
    CHECK_EQ(result.failures, 0);
    CHECK_EQ(result.calls[CALL_MALLOC].count, 3);
    CHECK_EQ(result.calls[CALL_REALLOC].count, 4);
    CHECK_EQ(result.calls[CALL_FREE].count, 2);
    CHECK_EQ(result.survey.peak_bytes, 268);
    CHECK_EQ(heap_stats().usage.used_bytes, 0);
}

TEST(replay_finds_overlap)
{
    check_found(ALLOC_OVERLAPS, THREE_BLOCKS,
                "t.rep:5: operation 3: id 2: 20 bytes at 0x");
    CHECK_EQ(result.line, 0);
    fake_fault = ALLOC_OVERLAPS;
    play(THREE_BLOCKS);
    CHECK(strstr(result.reason, "overlap id 0, which has 100 bytes at 0x"));
    CHECK_EQ(result.line, 5);
}

TEST(replay_finds_equal_addresses_of_empty_blocks)
{
    check_found(ALLOC_OVERLAPS, "3\n3\na 0 8\na 1 0\na 2 0\n",
                "operation 3: id 2: 0 bytes at 0x");
}

TEST(replay_finds_misalignment)
{
    check_found(ALLOC_MISALIGNED, THREE_BLOCKS, "no multiple of 8");
}

TEST(replay_finds_bounds)
{
    check_found(ALLOC_BEFORE_HEAP, THREE_BLOCKS, "for 20 bytes; the heap is");
    check_found(ALLOC_BEYOND_HEAP, THREE_BLOCKS, "for 20 bytes; the heap is");
}

TEST(replay_finds_bounds_of_smaller_heap)
{
    check_found(ALLOC_IGNORES_END, THREE_BLOCKS, "in a heap of ");
}

TEST(replay_finds_stomping_before_free)
{
    check_found(ALLOC_STOMPS, THREE_BLOCKS,
                "t.rep:6: operation 4: id 0: before kfree, byte 5 of 100 at");
}

TEST(replay_finds_stomping_before_realloc)
{
    check_found(ALLOC_STOMPS, "3\n4\na 0 9\na 1 8\na 2 8\nr 0 5\n",
                "operation 4: id 0: before krealloc, byte 5 of 9 at");
}

TEST(replay_finds_stomping_at_the_end)
{
    check_found(ALLOC_STOMPS, "3\n3\na 0 6\na 1 8\na 2 8\n",
                "id 0: after the last operation, byte 5 of 6 at");
}

TEST(replay_finds_stomping_by_free)
{
    check_found(FREE_STOMPS,
                "4\n7\na 0 8\na 1 8\na 2 8\na 3 8\nf 3\nf 2\nf 1\n",
                "id 0: after the last operation, byte 0 of 8 at");
}

TEST(replay_finds_refused_free)
{
    check_found(FREE_REFUSES, THREE_BLOCKS,
                "t.rep:8: operation 6: id 2: kfree refuses its block at 0x");
}

TEST(replay_finds_resize_without_room)
{
    check_found(RESIZE_LIES, "2\n3\na 0 8\na 1 8\nr 0 16\n",
                "operation 3: id 0: 16 bytes at 0x");
}

TEST(replay_finds_lost_contents)
{
    const char *growing = "2\n3\na 0 64\na 1 8\nr 0 80\n";

    check_found(RESIZE_CLEARS, "1\n2\na 0 64\nr 0 80\n",
                "operation 2: id 0: after krealloc, byte 0 of 64 at");
    check_found(SIZE_TOO_SMALL, growing, "id 0: after krealloc, byte 1 of 64");
}

/* Back at its first place, a block that was not copied still has its bytes
 * from then: they must not pass for its contents. */
TEST(replay_is_not_fooled_by_old_contents)
{
    check_found(SIZE_TOO_SMALL_ONCE,
                "3\n7\na 0 64\na 1 64\nr 0 72\nf 1\na 2 136\nr 0 64\nr 0 128\n",
                "t.rep:9: operation 7: id 0: after krealloc, byte 1 of 64");
}

#define TOO_MUCH "2\n3\na 0 60000\nr 0 70000\nf 0\n"

TEST(replay_finds_harm_by_failed_realloc)
{
    fake_fault = RESIZE_FAILS_AND_CLEARS;
    play(TOO_MUCH);
    check_verdict(REPLAY_FAILED);
    CHECK(strstr(result.reason, "id 0: after krealloc returned NULL, byte 0"));
    fake_fault = NO_FAULT;
    play(TOO_MUCH);
    check_verdict(REPLAY_OUT_OF_MEMORY);
    CHECK_EQ(result.failures, 1);
    CHECK_EQ(result.calls[CALL_FREE].count, 1);
}

TEST(replay_finds_spurious_out_of_memory)
{
    check_found(ALLOC_RUNS_OUT, THREE_BLOCKS,
                "t.rep:5: out of memory after 2 operations, but the "
                "trace's peak of 168 bytes, each block rounded up to 8, fits "
                "the heap of 65536");
    fake_fault = ALLOC_RUNS_OUT;
    play(THREE_BLOCKS);
    CHECK_EQ(result.failures, 1);
    CHECK_EQ(result.skipped, 1);
    CHECK_EQ(result.operations, 6);
}

TEST(replay_goes_on_after_out_of_memory)
{
    play("3\n7\na 0 8\na 1 70000\na 2 65536\nr 1 8\nf 1\na 1 16\nf 0\n");
    check_verdict(REPLAY_OUT_OF_MEMORY);
    CHECK(!replay_is_wrong(&result));
    CHECK_EQ(result.failures, 2);
    CHECK_EQ(result.skipped, 2);
    CHECK_EQ(result.done_before_failure, 1);
    CHECK_EQ(result.operations, 7);
    CHECK_EQ(result.footprint_bytes, 0);
    CHECK_TEXT(result.reason,
               "t.rep:4: out of memory after 1 operations: the "
               "trace's peak of 135544 bytes, each block rounded up to 8, does "
               "not fit the heap of 65536");
}

TEST(replay_error_outweighs_out_of_memory)
{
    fake_fault = ALLOC_STOMPS;
    play("4\n5\na 0 8\na 1 70000\na 2 8\na 3 8\nf 0\n");
    check_verdict(REPLAY_FAILED);
    CHECK(strstr(result.reason, "before kfree, byte 5 of 8"));
    CHECK_EQ(result.failures, 1);
}

TEST(replay_allocator_that_may_run_out)
{
    fake_fault = FREE_FORGETS;
    play("1\n4\na 0 40000\nf 0\na 0 40000\nf 0\n");
    check_verdict(REPLAY_FAILED);
    may_run_out = true;
    play("1\n4\na 0 40000\nf 0\na 0 40000\nf 0\n");
    check_verdict(REPLAY_OUT_OF_MEMORY);
    CHECK(strstr(result.reason, "this allocator reuses nothing"));
}

TEST(replay_not_written)
{
    fake_fault = ALLOC_NOT_WRITTEN;
    play(THREE_BLOCKS);
    check_verdict(REPLAY_NOT_WRITTEN);
    CHECK_TEXT(result.reason,
               "t.rep:3: operation 1: kmalloc is not written yet");
    fake_fault = FREE_NOT_WRITTEN;
    play(THREE_BLOCKS);
    check_verdict(REPLAY_NOT_WRITTEN);
    CHECK_TEXT(result.reason, "t.rep:6: operation 4: kfree is not written yet");
    CHECK(replay_is_wrong(&result));
}

TEST(replay_refuses_before_anything_is_allocated)
{
    play("1\n2\na 0 8\na 0 8\n");
    check_verdict(REPLAY_REFUSED);
    CHECK_TEXT(result.reason, "t.rep:4: a of id 0, which is live already");
    CHECK_EQ(result.line, 4);
    CHECK_EQ(fake_restarts, 0);
}

TEST(replay_absurd_headers_ask_for_little)
{
    struct trace_file file = fake_trace("4000000000\n2\na 0 8\nf 0\n");

    CHECK(replay_memory_needed(&file, 1, FAKE_HEAP_BYTES) <
          FAKE_HEAP_BYTES / 64 + 16 * file.bytes);
    play("4000000000\n2\na 0 8\nf 0\n");
    check_verdict(REPLAY_REFUSED);
    CHECK(strstr(result.reason, "4000000000 ids in the header, but the table"));
}

TEST(replay_heap_that_does_not_start)
{
    heap_bytes = FAKE_HEAP_SMALLEST / 2;
    play(THREE_BLOCKS);
    check_verdict(REPLAY_FAILED);
    CHECK(strstr(result.reason, "do not start on a heap of 32 bytes"));
}

TEST(replay_footprint_is_exact_for_small_traces)
{
    /* 104 and 40 bytes side by side, the first grows: 104 free, 40, 200. */
    play("2\n3\na 0 100\na 1 40\nr 0 200\n");
    check_verdict(REPLAY_OK);
    CHECK_EQ(result.high_water_bytes, 344);
    CHECK_EQ(result.footprint_bytes, 344);
    /* No smaller than the allocator starts with. */
    play("1\n1\na 0 8\n");
    CHECK_EQ(result.footprint_bytes, FAKE_HEAP_SMALLEST);
    play("0\n0\n");
    CHECK_EQ(result.footprint_bytes, FAKE_HEAP_SMALLEST);
}

TEST(replay_footprint_uses_the_whole_heap)
{
    play("2\n2\na 0 32768\na 1 32768\n");
    check_verdict(REPLAY_OK);
    CHECK_EQ(result.footprint_bytes, FAKE_HEAP_BYTES);
}

TEST(replay_quick_looks_for_no_footprint)
{
    quick = true;
    play(THREE_BLOCKS);
    check_verdict(REPLAY_OK);
    CHECK_EQ(result.footprint_bytes, 0);
    CHECK_EQ(result.high_water_bytes, 164);
    CHECK_EQ(fake_restarts, 2);
}

#define RANDOM_IDS 50u
#define RANDOM_OPS 2000u

/* A valid trace of random operations. */
static char *random_trace(struct random *random)
{
    static char text[RANDOM_OPS * 16];
    bool live[RANDOM_IDS] = { false };
    int at = sprintf(text, "%u\n%u\n", RANDOM_IDS, RANDOM_OPS);

    for (unsigned i = 0; i < RANDOM_OPS; i++) {
        uint32_t id = random_below(random, RANDOM_IDS);
        uint32_t bytes = random_below(random, 600);
        char letter = live[id] ? "rf"[random_below(random, 2)] : 'a';

        live[id] = letter != 'f';
        if (letter == 'f')
            at += sprintf(text + at, "f %u\n", id);
        else
            at += sprintf(text + at, "%c %u %u\n", letter, id, bytes);
    }
    return text;
}

TEST(replay_random_traces_pass)
{
    struct random random;

    for (uint32_t seed = 0; seed < 5; seed++) {
        size_t footprint, step;

        random_seed(&random, seed);
        heap_bytes = FAKE_HEAP_BYTES;
        play(random_trace(&random));
        check_verdict(REPLAY_OK);
        CHECK_EQ(heap_stats().usage.used_bytes, 0);
        footprint = result.footprint_bytes;
        step = replay_footprint_step(result.survey.peak_bytes);
        CHECK(footprint >= result.survey.peak_bytes);
        random_seed(&random, seed);
        heap_bytes = footprint;
        play(random_trace(&random));
        check_verdict(REPLAY_OK);
        random_seed(&random, seed);
        heap_bytes = footprint - step;
        play(random_trace(&random));
        CHECK(result.verdict != REPLAY_OK);
    }
}

TEST(replay_may_be_run_again)
{
    struct replay_result first;

    play(THREE_BLOCKS);
    first = result;
    play(THREE_BLOCKS);
    CHECK_EQ(first.footprint_bytes, result.footprint_bytes);
    CHECK_EQ(first.operations, result.operations);
}
