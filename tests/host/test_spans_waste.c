/* SPDX-License-Identifier: MIT */
/* The waste of the policies for the small requests of every trace: payload that
 * was asked for, of the pages that zones held, each at its peak. */
#include "span_pages.h"

#include "harness.h"
#include "lib/random.h"
#include "replay/trace.h"

#include <dirent.h>
#include <string.h>

#define IDS_MAX 40000u

static struct {
    void *payload; /* NULL: not live, or too large for spans */
    size_t bytes;
} live[IDS_MAX];

static size_t live_bytes, peak_bytes, peak_pages;

static void note_peaks(void)
{
    if (live_bytes > peak_bytes)
        peak_bytes = live_bytes;
    if (pages.taken > peak_pages)
        peak_pages = pages.taken;
}

static void give(uint32_t id)
{
    if (!live[id].payload)
        return;
    CHECK_EQ(spans_free(live[id].payload), HEAP_OK);
    live_bytes -= live[id].bytes;
    live[id].payload = NULL;
}

static void take(uint32_t id, size_t bytes)
{
    if (bytes > SPANS_BYTES_MAX)
        return;
    live[id].bytes = bytes ? bytes : 1;
    live[id].payload = spans_alloc(live[id].bytes, HEAP_ALIGNMENT);
    CHECK(live[id].payload);
    live_bytes += live[id].bytes;
}

/* As krealloc: in place if that can be, else to a new place first. */
static void resize(uint32_t id, size_t bytes)
{
    void *old = live[id].payload;
    size_t old_bytes = live[id].bytes;

    if (old && bytes && spans_resize(old, bytes)) {
        live_bytes += bytes - old_bytes;
        live[id].bytes = bytes;
        return;
    }
    live[id].payload = NULL;
    take(id, bytes);
    note_peaks();
    if (old) {
        CHECK_EQ(spans_free(old), HEAP_OK);
        live_bytes -= old_bytes;
    }
}

/* Thousandths. */
static uint32_t utilisation(const struct trace_file *file,
                            enum span_policy policy)
{
    struct trace trace;
    struct trace_op op;

    pages_start(policy);
    memset(live, 0, sizeof live);
    live_bytes = peak_bytes = peak_pages = 0;
    CHECK(trace_open(&trace, file));
    CHECK(trace.ids <= IDS_MAX);
    while (trace_next(&trace, &op) == TRACE_OP) {
        if (op.kind == TRACE_ALLOC)
            take(op.id, op.bytes);
        else if (op.kind == TRACE_RESIZE)
            resize(op.id, op.bytes);
        else if (op.kind == TRACE_FREE)
            give(op.id);
        note_peaks();
    }
    CHECK_SOUND(spans_check());
    return (uint32_t)(peak_bytes * 1000 / (peak_pages * PAGE_BYTES));
}

static void load(const char *name, struct trace_file *file)
{
    static char text[1 << 20], path[300];
    FILE *stream;

    snprintf(path, sizeof path, "traces/%s", name);
    stream = fopen(path, "rb");
    CHECK(stream);
    *file =
        (struct trace_file){ name, text, fread(text, 1, sizeof text, stream) };
    CHECK(file->bytes < sizeof text);
    fclose(stream);
}

TEST(spans_waste_less_than_classes)
{
    uint32_t sums[3] = { 0 }, traces = 0;
    DIR *folder = opendir("traces");
    struct dirent *entry;

    CHECK(folder);
    while ((entry = readdir(folder))) {
        const char *end = strrchr(entry->d_name, '.');
        struct trace_file file;
        uint32_t found[3];

        if (!end || strcmp(end, ".rep") != 0)
            continue;
        load(entry->d_name, &file);
        for (enum span_policy i = 0; i <= SPANS_SHARED; i++) {
            found[i] = utilisation(&file, i);
            sums[i] += found[i];
        }
        CHECK(found[SPANS_SHARED] > found[SPANS_PLAIN_CLASSES]);
        CHECK(found[SPANS_SHARED] > found[SPANS_FINE_CLASSES]);
        traces++;
    }
    closedir(folder);
    CHECK(traces > 0);
    CHECK(sums[SPANS_SHARED] / traces >= 860);
    printf("payload, of 1000 bytes: %u with spans, %u with plain classes, "
           "%u with fine ones\n",
           sums[SPANS_SHARED] / traces, sums[SPANS_PLAIN_CLASSES] / traces,
           sums[SPANS_FINE_CLASSES] / traces);
}

/* A size between 512 and 1024 is as likely as one between 8 and 16. */
static size_t log_uniform(struct random *random)
{
    uint32_t least = 1u << random_below(random, 10);

    return least + random_below(random, least);
}

TEST(spans_waste_little_of_any_size)
{
    struct random random;

    pages_start(SPANS_SHARED);
    random_seed(&random, 1);
    memset(live, 0, sizeof live);
    live_bytes = peak_bytes = peak_pages = 0;
    for (uint32_t i = 0; i < 3000; i++)
        take(i, log_uniform(&random));
    for (uint32_t step = 0; step < 30000; step++) {
        uint32_t id = random_below(&random, 3000);

        give(id);
        take(id, log_uniform(&random));
        note_peaks();
    }
    CHECK_SOUND(spans_check());
    CHECK(peak_bytes * 100 / (peak_pages * PAGE_BYTES) >= 85);
}
