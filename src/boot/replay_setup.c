/* SPDX-License-Identifier: MIT */
/* Connects the traces, the instruction counter and the picture. */
#include "boot/replay_setup.h"

#include "arch/i386/console.h"
#include "arch/i386/counter.h"
#include "arch/i386/multiboot2.h"
#include "arch/i386/vga.h"
#include "lib/print.h"
#include "lib/string.h"
#include "mm/heap/heap.h"

/* The slow map waits after each 64 operations, by empty rounds of a loop: this
 * kernel has no clock. */
#define SLOW_OPERATIONS 64u
#define SLOW_ROUNDS     1000000u

static struct op_counter counter;

static struct picture picture = {
    .screen = {
        .columns = VGA_COLUMNS,
        .rows = VGA_ROWS,
        .begin = vga_picture_begin,
        .end = vga_picture_end,
        .show = vga_show,
    },
};

static void wait(void)
{
    for (volatile uint32_t round = 0; round < SLOW_ROUNDS; round++)
        ;
}

static void use_pace(enum map_pace pace)
{
    bool drawn = pace != MAP_OFF && console_has_screen();

    picture.screen.cells = drawn ? vga_cells() : NULL;
    picture.pace = pace == MAP_SLOW
                       ? (struct picture_pace){ SLOW_OPERATIONS, wait }
                       : (struct picture_pace){ 0, NULL };
}

bool replay_setup_set_pace(const char *pace)
{
    enum map_pace wanted;

    if (!parse_pace(pace, &wanted))
        return false;
    use_pace(wanted);
    return true;
}

void replay_setup_init(enum map_pace pace)
{
    struct counter measured = counter_calibrate();

    counter = (struct op_counter){
        .now = counter_now,
        .ticks_per_instruction = measured.ticks_per_instruction,
        .overhead_ticks = measured.overhead_ticks,
        .exact = measured.exact,
    };
    use_pace(pace);
}

bool replay_setup_counts(void)
{
    return counter.exact;
}

static void list(const struct trace_file *traces, size_t count)
{
    for (size_t i = 0; i < count; i++)
        print("  %s\n", traces[i].name);
}

/* If instructions are counted, the log must be off: its instructions would
 * count. */
static uint32_t replay_with_plain_calls(const struct replay_env *env,
                                        const struct trace_file *traces,
                                        size_t count)
{
    bool logged = heap_log_use(!counter.exact);
    uint32_t wrong = replay_all(env, traces, count);

    heap_log_use(logged);
    return wrong;
}

/* The trace whose name is the `length` bytes at `name`; NULL if there is none.
 */
static const struct trace_file *find(const struct trace_file *traces,
                                     size_t count, const char *name,
                                     size_t length)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(traces[i].name) == length &&
            memcmp(traces[i].name, name, length) == 0)
            return &traces[i];
    }
    return NULL;
}

/* Puts the traces of these names into `chosen`; returns how many, or 0 after a
 * line about a name that no trace has. */
static size_t choose(const struct trace_file *traces, size_t count,
                     const char *names, struct trace_file *chosen)
{
    size_t found = 0, length;

    for (; *names; names += length + (names[length] == ',')) {
        const struct trace_file *trace;

        for (length = 0; names[length] && names[length] != ',';)
            length++;
        trace = find(traces, count, names, length);
        if (!trace || found == BOOT_MODULES_MAX) {
            print("no trace \"%.*s\"; there are %zu:\n", (int)length, names,
                  count);
            list(traces, count);
            return 0;
        }
        chosen[found++] = *trace;
    }
    return found;
}

uint32_t replay_setup_replay(const struct replay_setup_heap *heap,
                             const struct trace_file *traces, size_t count,
                             const char *names)
{
    static struct trace_file chosen[BOOT_MODULES_MAX];
    const struct replay_env env = {
        .stage = heap->stage,
        .heap_begin = heap->begin,
        .heap_bytes = heap->end - heap->begin,
        .window_begin = heap->window_begin,
        .window_bytes = heap->window_end - heap->window_begin,
        .restart = heap->restart,
        .may_run_out = heap->may_run_out,
        .quick = heap->quick,
        .history = heap->history,
        .counter = &counter,
        .record = console_record,
        .picture = &picture,
    };

    if (!names)
        return replay_with_plain_calls(&env, traces, count);
    count = choose(traces, count, names, chosen);
    return count ? replay_with_plain_calls(&env, chosen, count) : NO_SUCH_TRACE;
}
