/* SPDX-License-Identifier: MIT */
/* Tests of the labs: written once, run in two places.
 *
 *     labs/4-malloc/tests.c      a = lab_alloc(24); LAB_EXPECT(a, "...")
 *            |
 *     lab_alloc() ...            calls the function under test, checks what it
 *            |                   answers, and notes call and answer
 *            |
 *     the side (labtest/side.h)      on the host: sanitizers, a process a test
 *                                in the kernel: a record that is judged outside
 *
 * A test never calls the functions under test itself.  It uses the functions
 * below.  They check at once the rules that every allocator has to keep:
 *
 *     L1: what is handed out is in the memory that was given, is aligned,
 *         and shares no byte with anything else that is handed out.
 *     L2: payload keeps what was written into it until it is freed.
 *
 * A test ends at the first error.
 *
 * Later the kernel plays the test back from its call record, and then no
 * function under test may run (labtest/run_kernel.h).  So a test reads
 * everything through these calls, also figures: lab_heap_stats() and
 * lab_frame_counts().
 */
#ifndef LABTEST_LAB_H
#define LABTEST_LAB_H

#include "arch/i386/arch.h"
#include "lib/region.h"
#include "mm/frames/frames.h"
#include "mm/grow/window.h"
#include "mm/heap/heap.h"
#include "mm/paging/paging.h"
#include "mm/zalloc/zalloc.h"

struct lab_test {
    const char *name; /* "split" */
    unsigned points;
    const char *what;  /* one sentence: what it tries */
    const char *hint;  /* one sentence: where to look when it fails */
    const char *needs; /* the test that has to pass before this one counts;
                          NULL: none */
    void (*run)(void);
};

struct lab {
    const char *name;  /* "malloc": LAB= and test=malloc/split */
    const char *stage; /* the last one that the kernel starts before a test:
                          "boot" for labs 1 and 2, "paging" for the others */
    const struct lab_test *tests;
    size_t count;
};

/* Ends the test unless `condition` is true; the other arguments are a message
 * for print(): the right value, and the one that was found. */
#define LAB_EXPECT(condition, ...)                     \
    do {                                               \
        if (!(condition))                              \
            lab_fail(__FILE__, __LINE__, __VA_ARGS__); \
    } while (0)

/* The same for two numbers or two pointers, which the message shows. */
#define LAB_EQUAL(found, expected, what)                                     \
    lab_equal(__FILE__, __LINE__, (uintptr_t)(found), (uintptr_t)(expected), \
              what)

_Noreturn void lab_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void lab_equal(const char *file, int line, uintptr_t found, uintptr_t expected,
               const char *what);

/* The checker of the lab's stage finds no violation.  It runs at the end of
 * each test, and before each start of another heap; a test may call it more
 * often. */
void lab_expect_sound(void);

/* -- Random tests --------------------------------------------------------- */

/* The seed of this run; the same seed gives the same test. */
uint32_t lab_seed(void);
/* A random test makes its list of steps first.  Then it does the wanted steps:
 * all of them, or only a few when a failure is made shorter.  Each step has to
 * make sense without the steps before it. */
bool lab_step_wanted(uint32_t step);

/* Memory for a test's own long lists, which would make the image too large.
 * There is only one such memory, and it is not cleared. */
void *lab_scratch(size_t bytes);

/* The work of kfree(kmalloc(bytes)): instructions in the kernel, basic blocks
 * on the host.  It is only exact enough to compare much work with little. */
uint64_t lab_work_of(size_t bytes);

/* -- Lab 1: frames -------------------------------------------------------- */

/* Free memory for a test: physical, page aligned, at least LAB_ARENA_BYTES.
 * Tests build their layouts from it. */
#define LAB_ARENA_BYTES (48u << 20)
phys_t lab_arena(void);

void lab_frames_start(const struct memory_layout *layout);
frame_t lab_frame_alloc(void);
frame_t lab_frame_alloc_run(uint32_t count, uint32_t align);
enum frame_error lab_frame_free(frame_t frame);
enum frame_error lab_frame_free_run(frame_t first, uint32_t count);
/* The work of frame_free(frame_alloc()), as lab_work_of(). */
uint64_t lab_frame_work(void);
struct frame_counts lab_frame_counts(void);
/* Whether the layout allows to hand out a frame; whether the allocator has kept
 * it for its bitmaps. */
bool lab_frame_is_offered(frame_t frame);
bool lab_frame_is_kept(frame_t frame);

/* -- Lab 2: paging -------------------------------------------------------- */

/* An empty directory, and `count` free frames for tables.  The test's addresses
 * are below LAB_PAGES_END. */
#define LAB_PAGES_END 0x80000000u
struct page_table *lab_paging_start(uint32_t count);
/* Frames for a test to map, which are real memory: 0 <= i < LAB_DATA_FRAMES. */
#define LAB_DATA_FRAMES 64u
frame_t lab_data_frame(uint32_t i);
enum page_error lab_map(struct page_table *directory, uintptr_t page,
                        frame_t frame, enum page_rights rights);
enum page_error lab_unmap(struct page_table *directory, uintptr_t page,
                          frame_t *frame);
enum page_error lab_protect(struct page_table *directory, uintptr_t page,
                            enum page_rights rights);
bool lab_translate(const struct page_table *directory, uintptr_t address,
                   phys_t *phys);
/* The entry of the page at `address`, found as the processor would find it; 0
 * if it finds none. */
page_entry_t lab_walk(const struct page_table *directory, uintptr_t address);
/* Makes the processor use `directory`. */
void lab_load(struct page_table *directory);
/* Reads or writes through the loaded directory, with the translations that the
 * TLB still has.  False: the processor refused. */
bool lab_read(uintptr_t address, uint32_t *value);
bool lab_write(uintptr_t address, uint32_t value);

/* -- Labs 3 and later: the heap ------------------------------------------- */

#define LAB_HEAP_BYTES (2u << 20)

/* An empty heap of `bytes` bytes, at most LAB_HEAP_BYTES, served by
 * the allocators of the lab.  All earlier blocks are gone. */
void lab_heap_start(size_t bytes);
/* One that begins `offset` bytes further: 1 to 7 make its beginning odd. */
void lab_heap_start_at(size_t offset, size_t bytes);
/* kmalloc, kmalloc_aligned, krealloc, kfree, kmalloc_size.  New payload is
 * filled with a pattern, which is verified when the block is freed or resized.
 */
void *lab_alloc(size_t bytes);
void *lab_alloc_aligned(size_t bytes, size_t alignment);
void *lab_realloc(void *payload, size_t bytes);
enum heap_error lab_free(void *payload);
/* The same for a block whose bookkeeping the test has overwritten: it has to be
 * refused, and stays in use. */
enum heap_error lab_free_damaged(void *payload);
size_t lab_size(const void *payload);
struct heap_stats lab_heap_stats(void);
/* To be called for a new heap.  From then on the counters are compared with the
 * right values after each call. */
void lab_count_usage(void);
/* Where a heap of lab_heap_start() begins. */
uintptr_t lab_heap_begin(void);
/* Whether malloc_resize(), or spans_resize() in lab 6, itself says no. */
bool lab_resize_refused(void *payload, size_t bytes);
/* The word at `address`, which is not payload. */
uint32_t lab_word(const void *address);
/* Fills a block with one word instead of its pattern. */
void lab_fill(void *payload, uint32_t word);
/* Verifies the pattern of every live payload. */
void lab_verify(void);

/* Writes `bytes` bytes from `address` on, as a wrong pointer would.  It writes
 * only into the heap, and never into live payload, which no allocator can
 * protect. */
void lab_stray(uintptr_t address, size_t bytes, uint8_t value);
void lab_stray_word(uintptr_t address, uint32_t word);

/* Random allocations, frees and, if wanted, changes of size. */
struct lab_stress {
    uint32_t steps; /* at most LAB_STRESS_STEPS */
    size_t largest;
    size_t largest_alignment; /* HEAP_ALIGNMENT: all are aligned to that */
    bool resizes;
    bool may_run_out; /* then NULL is a right answer */
};

#define LAB_STRESS_STEPS 4000u
void lab_stress(const struct lab_stress *stress);

/* Replays traces/NAME.rep in an empty heap of full size.  Then it replays it in
 * a smaller heap, of which the trace's peak is `percent`.  In lab 3, which
 * reuses no memory, `percent` of the heap have to be in use before the first
 * NULL. */
void lab_replay(const char *name, unsigned percent);

/* -- Labs 5 and 6: zones -------------------------------------------------- */

/* Only zalloc, or only spans, serves kmalloc(), with pages of the arena: at
 * most `pages`. */
void lab_zones_start(size_t pages);
/* An allocation by zalloc, or spans, itself: kmalloc would pass a size that is
 * too large for it to another allocator. */
void *lab_alloc_small(size_t bytes, size_t alignment);
/* Pages that it holds now. */
size_t lab_zone_pages(void);
/* From now on it gets no more than `pages` in all. */
void lab_zone_limit(size_t pages);

bool lab_cache_create(struct zone_cache *cache, const char *name, size_t bytes);
void *lab_cache_alloc(struct zone_cache *cache);
enum heap_error lab_cache_free(struct zone_cache *cache, void *payload);
bool lab_cache_destroy(struct zone_cache *cache);

/* -- Lab 8: the window ---------------------------------------------------- */

/* Addresses for the window, and one page of them. */
#define LAB_WINDOW_BYTES (8u << 20)
uintptr_t lab_window_page(uint32_t i);
/* window_init() with `frames` free frames; once in a test. */
enum window_result lab_window_open(uint32_t frames);
/* window_init() once more, with the same addresses, or for pages `first` up to
 * `end` of the window only, multiples of 1024. */
enum window_result lab_window_open_again(void);
enum window_result lab_window_open_part(uint32_t first, uint32_t end);
/* From now on there are `count` free frames. */
void lab_leave_frames(uint32_t count);
void lab_window_place(unsigned index, uintptr_t page);
enum window_result lab_window_move_end(unsigned index, uintptr_t end);
void lab_window_close(void);
/* The entry of a page, 0 if it is not present; whether its 4 MiB have a
 * table. */
page_entry_t lab_window_entry(uintptr_t page);
bool lab_window_has_table(uintptr_t page);
/* The result of window_frames(). */
uint32_t lab_window_frames(void);
/* kmalloc() and the others use a growing heap.  Its static part is full, so
 * every block is in the window. */
void lab_grow_start(uint32_t frames);
/* grow_trim(): all frames after the last block go back. */
void lab_grow_trim(void);

/* Notes the line of the test that makes the next of these calls; labtest/test.h
 * calls it. */
void lab_here(const char *file, int line);

#endif
