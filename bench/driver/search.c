/* SPDX-License-Identifier: MIT */
/* Looks for the most expensive single operation, as an adversary would.
 *
 * A list of genes is run on a small heap.  A gene names a place and a size: if
 * the place is empty it allocates, else it frees or resizes, so that every
 * list means something, and every change of one too.  A list is changed a
 * little and kept if its worst operation did not become cheaper (hill
 * climbing); after some rounds a new random list is begun, on a heap of
 * another size.  The same seed looks at the same lists.
 */
#include "bench/driver/commands.h"
#include "bench/driver/system.h"
#include "bench/driver/work.h"

#include "lib/panic.h"
#include "lib/print.h"
#include "lib/random.h"
#include "lib/string.h"

#define GENES          240u
#define PLACES         48u
#define ROUNDS_A_CLIMB 100u
#define HEAP_MAX       (256u << 10)

enum goal {
    WORST_ALLOC,
    WORST_RESIZE,
    WORST_FREE,
    GOALS
};

struct gene {
    uint32_t place;
    uint32_t bytes;
    bool resizes;
};

struct search {
    const struct subject *subject;
    struct random random;
    uintptr_t heap;
    struct work work;
    struct op op;              /* the one that `work` is about to do */
    uint32_t worst[GOALS];     /* over all lists */
    uint32_t worst_reclaiming; /* calls that emptied caches, or failed */
};

/* Small ones often, large ones now and then. */
static uint32_t random_bytes(struct random *random)
{
    return random_below(random, 8u << random_below(random, 11)) + 1;
}

static struct gene random_gene(struct random *random)
{
    return (struct gene){
        .place = random_below(random, PLACES),
        .bytes = random_bytes(random),
        .resizes = random_below(random, 6) == 0,
    };
}

static enum goal goal_of(const struct search *search, const struct gene *gene)
{
    if (!search->work.payload[gene->place])
        return WORST_ALLOC;
    return gene->resizes ? WORST_RESIZE : WORST_FREE;
}

/* Runs the list from an empty heap; its worst operation towards the goal. */
static uint32_t run(struct search *search, const struct gene *genes,
                    size_t heap_bytes, enum goal goal)
{
    static const uint32_t kinds[GOALS] = { OP_ALLOC, OP_RESIZE, OP_FREE };
    uint32_t worst = 0;

    work_forget(&search->work);
    if (!search->subject->start(search->heap, search->heap + heap_bytes))
        return 0;
    for (uint32_t i = 0; i < GENES; i++) {
        enum goal done = goal_of(search, &genes[i]);
        uint32_t cost;

        search->op = (struct op){ kinds[done], genes[i].place, genes[i].bytes };
        cost = work_step(&search->work, search->subject, 0);
        if (cost & (COST_FAILED | COST_RECLAIMED)) {
            if ((cost & COST_BITS) > search->worst_reclaiming)
                search->worst_reclaiming = cost & COST_BITS;
            continue;
        }
        /* A resize that moves copies: its cost is the payload's. */
        if (cost & COST_MOVED)
            continue;
        if (cost > search->worst[done])
            search->worst[done] = cost;
        if (done == goal && cost > worst)
            worst = cost;
    }
    return worst;
}

static void climb(struct search *search, size_t heap_bytes, enum goal goal)
{
    struct gene best[GENES], tried[GENES];
    uint32_t height;

    for (uint32_t i = 0; i < GENES; i++)
        best[i] = random_gene(&search->random);
    height = run(search, best, heap_bytes, goal);
    for (uint32_t round = 0; round < ROUNDS_A_CLIMB; round++) {
        uint32_t changes = 1 + random_below(&search->random, 6), reached;

        memcpy(tried, best, sizeof best);
        for (uint32_t i = 0; i < changes; i++)
            tried[random_below(&search->random, GENES)] =
                random_gene(&search->random);
        reached = run(search, tried, heap_bytes, goal);
        if (reached >= height) {
            memcpy(best, tried, sizeof best);
            height = reached;
        }
    }
}

/* search SUBJECT SEED CLIMBS: prints the worst allocation, resize in place,
 * free, and call that emptied caches or failed. */
void command_search(char **arguments)
{
    static struct search search;
    uint32_t seed, climbs;

    search.subject = subject_find(arguments[0]);
    if (!search.subject || !parse_number(arguments[1], &seed) ||
        !parse_number(arguments[2], &climbs))
        panic("search: wrong subject, seed or number of climbs");
    random_seed(&search.random, seed);
    search.heap = (uintptr_t)memory_map(HEAP_MAX, true);
    search.work = work_make(&search.op, 1, PLACES);
    for (uint32_t i = 0; i < climbs; i++)
        climb(&search, HEAP_MAX >> i % 4, i % 2 ? WORST_FREE : WORST_ALLOC);
    print("%u %u %u %u\n", search.worst[WORST_ALLOC],
          search.worst[WORST_RESIZE], search.worst[WORST_FREE],
          search.worst_reclaiming);
}
