/* SPDX-License-Identifier: MIT */
/* Runs a heap against the model. */
#include "model.h"

#include "harness.h"
#include "lib/random.h"

#include <string.h>

#define MAX_LIVE 300u

struct live_block {
    uint8_t *payload;
    size_t requested;
    size_t usable;
    uint8_t stamp;
};

struct run {
    const struct model *model;
    struct random random;
    uint32_t seed;
    size_t step;
    struct live_block live[MAX_LIVE];
    size_t live_count;
    size_t live_limit; /* swings, so that the heap fills and empties */
    uint8_t next_stamp;
};

#define RUN_CHECK(run_, condition_)                                          \
    do {                                                                     \
        if (!(condition_))                                                   \
            test_fail(__FILE__, __LINE__,                                    \
                      "not true: %s; MALLOW_SEED=%u, step %zu", #condition_, \
                      (run_)->seed, (run_)->step);                           \
    } while (0)

static bool snapshot_add(const struct block *block, void *context)
{
    struct snapshot *snapshot = context;

    if (snapshot->count == SNAPSHOT_BLOCKS)
        return false;
    snapshot->blocks[snapshot->count++] = *block;
    return true;
}

void snapshot_take(const struct heap_backend *backend,
                   struct snapshot *snapshot)
{
    snapshot->count = 0;
    CHECK(backend->walk(snapshot_add, snapshot));
}

bool snapshot_equal(const struct snapshot *a, const struct snapshot *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct block *x = &a->blocks[i], *y = &b->blocks[i];

        if (x->address != y->address || x->bytes != y->bytes ||
            x->overhead != y->overhead || x->state != y->state ||
            x->owner != y->owner)
            return false;
    }
    return true;
}

static struct snapshot before, after;

void expect_no_room(const struct heap_backend *backend, size_t bytes,
                    size_t alignment)
{
    snapshot_take(backend, &before);
    CHECK_SAME(backend->alloc(bytes, alignment), NULL);
    snapshot_take(backend, &after);
    CHECK(snapshot_equal(&before, &after));
    CHECK_SOUND(backend->check());
}

void expect_refused(const struct heap_backend *backend, void *payload,
                    enum heap_error error)
{
    snapshot_take(backend, &before);
    CHECK_TEXT(heap_error_text(backend->free(payload)), heap_error_text(error));
    CHECK(!backend->resize(payload, 1));
    CHECK_EQ(backend->size(payload), 0);
    snapshot_take(backend, &after);
    CHECK(snapshot_equal(&before, &after));
    CHECK_SOUND(backend->check());
}

void expect_violation(const struct heap_backend *backend, const char *name)
{
    struct violation violation = backend->check();

    CHECK(!is_sound(violation));
    if (strncmp(violation.invariant, name, strlen(name)) != 0)
        test_fail(__FILE__, __LINE__, "\"%s\", expected %s",
                  violation.invariant, name);
}

static void stamp(struct live_block *block, uint8_t value)
{
    block->stamp = value;
    memset(block->payload, value, block->usable);
}

static void verify_stamp(const struct run *run, const struct live_block *block,
                         size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        RUN_CHECK(run, block->payload[i] == block->stamp);
}

/* The promise of an allocation, against everything else that is live. */
static void verify_new(const struct run *run, const struct live_block *block,
                       size_t alignment)
{
    const struct model *model = run->model;
    uintptr_t begin = (uintptr_t)block->payload;

    RUN_CHECK(run, begin % alignment == 0);
    RUN_CHECK(run, block->usable >= block->requested);
    RUN_CHECK(run, begin >= model->begin && begin < model->end);
    RUN_CHECK(run, block->usable <= model->end - begin);
    for (size_t i = 0; i < run->live_count; i++) {
        const struct live_block *other = &run->live[i];

        if (other != block)
            RUN_CHECK(run,
                      block->payload + block->usable <= other->payload ||
                          other->payload + other->usable <= block->payload);
    }
}

/* Sizes as programs ask for them: mostly small, at times up to the largest. */
static size_t random_bytes(struct run *run)
{
    uint32_t largest = (uint32_t)run->model->largest_request;
    uint32_t limit = random_below(&run->random, 4) == 0 ? largest : 64;

    return 1 + random_below(&run->random, limit < largest ? limit : largest);
}

static size_t random_alignment(struct run *run)
{
    size_t alignment = HEAP_ALIGNMENT;

    if (random_below(&run->random, 4) != 0)
        return alignment;
    while (alignment < run->model->largest_alignment &&
           random_below(&run->random, 2) == 0)
        alignment *= 2;
    return alignment;
}

static void step_alloc(struct run *run)
{
    const struct heap_backend *backend = run->model->backend;
    size_t bytes = random_bytes(run), alignment = random_alignment(run);
    struct live_block *block = &run->live[run->live_count];

    snapshot_take(backend, &before);
    block->payload = backend->alloc(bytes, alignment);
    if (!block->payload) {
        snapshot_take(backend, &after);
        RUN_CHECK(run, snapshot_equal(&before, &after));
        return;
    }
    block->requested = bytes;
    block->usable = backend->size(block->payload);
    verify_new(run, block, alignment);
    stamp(block, ++run->next_stamp);
    run->live_count++;
}

static void step_free(struct run *run)
{
    size_t index = random_below(&run->random, (uint32_t)run->live_count);
    struct live_block *block = &run->live[index];

    verify_stamp(run, block, block->usable);
    RUN_CHECK(run, run->model->backend->free(block->payload) == HEAP_OK);
    *block = run->live[--run->live_count];
}

static void step_resize(struct run *run)
{
    const struct model *model = run->model;
    size_t index = random_below(&run->random, (uint32_t)run->live_count);
    struct live_block *block = &run->live[index];
    size_t bytes = random_bytes(run);
    size_t kept = bytes < block->usable ? bytes : block->usable;
    void *payload = block->payload;

    verify_stamp(run, block, block->usable);
    if (model->reallocate)
        payload = model->reallocate(payload, bytes);
    else if (!model->backend->resize(payload, bytes))
        payload = NULL;
    if (!payload) {
        RUN_CHECK(run, bytes > block->usable);
        verify_stamp(run, block, block->usable);
        return;
    }
    block->payload = payload;
    block->requested = bytes;
    block->usable = model->backend->size(payload);
    verify_stamp(run, block, kept);
    verify_new(run, block, HEAP_ALIGNMENT);
    stamp(block, ++run->next_stamp);
}

static bool is_live(const struct run *run, const struct block *block)
{
    for (size_t i = 0; i < run->live_count; i++) {
        if ((uintptr_t)run->live[i].payload == block->address)
            return run->live[i].usable == block->bytes;
    }
    return false;
}

static bool counts(const struct heap_backend *backend)
{
    return backend->usage || backend->total;
}

/* Every used block of the walk is one of the model's, and they are as many.
 * Of a kmalloc layer with two backends, the large one's loans are neither. */
static void verify_walk(const struct run *run)
{
    size_t used = 0;

    snapshot_take(run->model->backend, &after);
    for (size_t i = 0; i < after.count; i++) {
        if (after.blocks[i].state == BLOCK_USED &&
            is_live(run, &after.blocks[i]))
            used++;
        else
            RUN_CHECK(run, after.blocks[i].state != BLOCK_USED ||
                               !counts(run->model->backend));
    }
    RUN_CHECK(run, used == run->live_count);
    if (counts(run->model->backend))
        RUN_CHECK(run, backend_usage(run->model->backend).used_blocks == used);
}

static void verify_heap(const struct run *run)
{
    struct violation violation = run->model->backend->check();

    if (!is_sound(violation))
        test_fail(__FILE__, __LINE__,
                  "%s at %#lx: expected %#lx, found %#lx; "
                  "MALLOW_SEED=%u, step %zu",
                  violation.invariant, (unsigned long)violation.address,
                  (unsigned long)violation.expected,
                  (unsigned long)violation.found, run->seed, run->step);
    verify_walk(run);
}

static void take_step(struct run *run)
{
    uint32_t choice = random_below(&run->random, 8);

    if (run->step % 500 == 0)
        run->live_limit = 1 + random_below(&run->random, MAX_LIVE - 1);
    if (run->live_count == 0)
        step_alloc(run);
    else if (choice == 0)
        step_resize(run);
    else if (run->live_count < run->live_limit ? choice < 6 : choice < 3)
        if (run->live_count < MAX_LIVE)
            step_alloc(run);
        else
            step_free(run);
    else
        step_free(run);
}

static void run_seed(const struct model *model, uint32_t seed)
{
    static struct run run;

    run = (struct run){ .model = model, .seed = seed };
    random_seed(&run.random, seed);
    model->start();
    for (run.step = 0; run.step < model->steps; run.step++) {
        take_step(&run);
        verify_heap(&run);
    }
    while (run.live_count > 0) {
        step_free(&run);
        verify_heap(&run);
    }
}

void model_run(const struct model *model, unsigned seeds)
{
    const char *chosen = getenv("MALLOW_SEED");

    if (chosen) {
        run_seed(model, (uint32_t)strtoul(chosen, NULL, 0));
        return;
    }
    if (!getenv("MALLOW_LONG"))
        seeds = (seeds + 5) / 6;
    for (uint32_t seed = 1; seed <= seeds; seed++)
        run_seed(model, seed);
}
