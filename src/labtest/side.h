/* SPDX-License-Identifier: MIT */
/* Functions that both places where tests run have to provide (lab.h): the host
 * in labs/host/, the kernel in run_kernel.c.  All other code is common. */
#ifndef LABTEST_SIDE_H
#define LABTEST_SIDE_H

#include "labtest/lab.h"
#include "replay/trace.h"

/* The memory of a test.  The kernel sets it aside at boot, out of the
 * reach of every allocator. */
struct lab_places {
    phys_t arena;                   /* LAB_ARENA_BYTES of physical memory */
    uintptr_t heap_begin, heap_end; /* LAB_HEAP_BYTES */
    uintptr_t window_begin;         /* LAB_WINDOW_BYTES of addresses */
    void *work;                     /* for the bookkeeping of these tests */
    size_t work_bytes;              /* at least LAB_WORK_BYTES */
    void *scratch;                  /* LAB_SCRATCH_BYTES, for a test's own */
};

#define LAB_WORK_BYTES    (3u << 20)
#define LAB_SCRATCH_BYTES (1u << 20)

/* Once, before the test; `lab` chooses the allocators of lab_heap_start(). */
void lab_begin(const struct lab *lab, const struct lab_places *places);

/* Every live payload holds its pattern, in memory as it is now. */
void lab_verify_memory(void);

/* One call of a function under test: its arguments, and = its result. */
enum lab_call {
    LAB_FRAMES_START = 1, /* struct memory_layout * = enum stage_state */
    LAB_FRAME_ALLOC,      /* 1, 1 = frame */
    LAB_FRAME_ALLOC_RUN,  /* count, align = frame */
    LAB_FRAME_FREE,       /* frame, 1 = enum frame_error */
    LAB_FRAME_FREE_RUN,   /* frame, count = enum frame_error */
    LAB_PAGING_START,     /* free frames = directory */
    LAB_MAP,              /* page, frame, rights = enum page_error */
    LAB_UNMAP,            /* page, frame it showed = enum page_error */
    LAB_PROTECT,          /* page, rights = enum page_error */
    LAB_TRANSLATE,        /* address, physical = whether */
    LAB_LOAD,             /* directory */
    LAB_READ,             /* address, value = whether */
    LAB_WRITE,            /* address, value = whether */
    LAB_HEAP_START,       /* begin, end = enum stage_state */
    LAB_ALLOC,            /* bytes, alignment = payload */
    LAB_REALLOC,          /* payload, bytes = payload */
    LAB_FREE,             /* payload = enum heap_error */
    LAB_SIZE,             /* payload = bytes */
    LAB_ZONES_START,      /* begin, end = enum stage_state */
    LAB_CACHE_CREATE,     /* cache, bytes = whether */
    LAB_CACHE_ALLOC,      /* cache, bytes = payload */
    LAB_CACHE_FREE,       /* cache, payload = enum heap_error */
    LAB_CACHE_DESTROY,    /* cache = whether */
    LAB_WINDOW_INIT,      /* begin, end = enum window_result */
    LAB_WINDOW_MOVE_END,  /* range, end = enum window_result */
    LAB_WINDOW_CLOSE,
    LAB_CALLS
};

struct lab_record {
    enum lab_call call;
    int line; /* of the test's source */
    uint32_t arguments[3];
    uint32_t result;
};

/* Records a call before it is made, so that a call that never returns is known;
 * `record->result` has no meaning yet. */
void lab_side_before(const struct lab_record *record);
/* The same call with its answer. */
void lab_side_after(const struct lab_record *record);

/* Whether a call record gives the answers: no function under test may run. */
bool lab_side_playing(void);
/* During a playback: puts the recorded answer into record->result and
 * record->arguments.  False: the call has to be made. */
bool lab_side_played(struct lab_record *record);
/* Values that a test reads beside its calls.  They are recorded; during a
 * playback they are the recorded ones. */
void lab_side_see(void *value, size_t bytes);

/* Payload that belongs to a caller.  While it is guarded, the host stops an
 * allocator that touches it. */
void lab_side_guard(const void *payload, size_t bytes);
void lab_side_unguard(const void *payload, size_t bytes);

/* Called after the frame allocator has started on `layout`.  Makes all else
 * that the window needs: a kernel's directory, and a processor that uses it. */
void lab_side_window_start(const struct memory_layout *layout);

/* The text of traces/NAME.rep; false if there is none. */
bool lab_side_trace(const char *name, struct trace_file *file);

/* The processor: a model of one on the host. */
void lab_side_load(struct page_table *directory);

/* Goes back to the directory that was in force before the first
 * lab_side_load(): the test is about to use the frames of the other one
 * again. */
void lab_side_unload(void);
bool lab_side_read(uintptr_t address, uint32_t *value);
bool lab_side_write(uintptr_t address, uint32_t value);

/* The labs of this tree, then those of staff's hidden tests; NULL for those
 * that this tree lacks. */
extern const struct lab *const lab_list[];
extern const size_t lab_count;
/* Whether the results of lab_list[number] are hidden from students. */
bool lab_is_hidden(size_t number);

/* A count that goes up with the work done. */
uint64_t lab_side_work(void);

/* Also the side's: lab_fail, lab_seed, lab_step_wanted (lab.h). */

#endif
