/* SPDX-License-Identifier: MIT */
/* The right value of heap_stats().usage after each call:
 *
 *     used_blocks   one for each live block
 *     used_bytes    the sum of what kmalloc_size() says of them
 *     peak_bytes    the most that used_bytes has been; a block that moves may
 *                   be counted at both places for a moment
 *
 * A call that fails changes none of them.
 */
#include "labtest/usage.h"

#include "labtest/common.h"

static bool counting;
static struct heap_usage expected;

void usage_forget(void)
{
    counting = false;
}

void lab_count_usage(void)
{
    counting = true;
    expected = (struct heap_usage){ 0 };
    usage_unchanged();
}

/* An unwritten function has no right size; that is not a mistake yet. */
static bool is_counted(void)
{
    return counting && !lab_side_playing() && !not_written_function();
}

static void expect_figure(const char *name, size_t found, size_t right)
{
    if (found != right)
        LAB_FAIL("heap_stats().usage.%s is %zu, expected %zu", name, found,
                 right);
}

void usage_unchanged(void)
{
    struct heap_usage found;

    if (!is_counted())
        return;
    found = heap_stats().usage;
    expect_figure("used_blocks", found.used_blocks, expected.used_blocks);
    expect_figure("used_bytes", found.used_bytes, expected.used_bytes);
    expect_figure("peak_bytes", found.peak_bytes, expected.peak_bytes);
}

void usage_allocated(const void *payload)
{
    size_t bytes;

    if (!is_counted() || !payload) {
        usage_unchanged();
        return;
    }
    bytes = kmalloc_size(payload);
    if (not_written_function())
        return;
    live_blocks_count(payload, bytes);
    usage_add(&expected, bytes);
    usage_unchanged();
}

void usage_freed(const struct live_block *block)
{
    if (is_counted())
        usage_remove(&expected, block->counted);
    usage_unchanged();
}

/* A block that has moved was allocated and freed, in this order. */
void usage_resized(const struct live_block *old, const void *payload)
{
    size_t bytes, most;

    if (!is_counted())
        return;
    bytes = kmalloc_size(payload);
    live_blocks_count(payload, bytes);
    most = expected.used_bytes + bytes;
    expected.used_bytes += bytes - old->counted;
    usage_peak(&expected);
    if ((uintptr_t)payload != old->payload &&
        heap_stats().usage.peak_bytes >= expected.peak_bytes &&
        heap_stats().usage.peak_bytes <= most)
        expected.peak_bytes = heap_stats().usage.peak_bytes;
    usage_unchanged();
}
