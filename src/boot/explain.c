/* SPDX-License-Identifier: MIT */
/* Explains an address in words, from the outside in:
 *
 *     below the direct map      no more words
 *     the direct map            a part of the image, or a frame and its state
 *        the heap               a block, and its allocator
 *           the block           the last call about it
 *     the heap window           a block, too, or how far past the heap's end
 *     beyond                    no more words
 */
#include "boot/explain.h"

#include "arch/i386/image.h"
#include "arch/i386/report.h"
#include "boot/first_stages.h"
#include "lib/addr.h"
#include "lib/print.h"
#include "lib/symbol.h"
#include "mm/frames/frames.h"
#include "mm/grow/grow.h"
#include "mm/heap/heap.h"
#include "mm/heap/heap_log.h"
#include "mm/heap/heap_poison.h"
#include "mm/paging/paging.h"

/* Half open, in the order of the image. */
static const struct {
    const char *begin, *end;
    const char *name;
} pieces[] = {
    { image_begin, text_begin, "the kernel's entry stub" },
    { text_begin, text_end, "the kernel's code" },
    { rodata_begin, rodata_end, "the kernel's constants" },
    { rodata_end, stack_guard_begin, "the kernel's variables" },
    { stack_guard_begin, stack_guard_end, "the guard page below the stack" },
    { stack_guard_end, stack_end, "the stack" },
    { heap_begin, heap_end, "the memory set aside for the heap" },
};

#define PIECES (sizeof pieces / sizeof *pieces)

static const struct memory_layout *layout;

/* The address that look_at_block() compares, and the block that it finds. */
struct search {
    uintptr_t address;
    uint32_t seen, limit; /* a damaged walk may go in circles */
    bool found;
    struct block block; /* the innermost: a zone is inside a block of malloc */
};

static bool look_at_block(const struct block *block, void *context)
{
    struct search *search = context;
    uintptr_t begin = block->address - block->overhead;
    size_t bytes = block->overhead + block->bytes;

    if (search->address >= begin && search->address - begin < bytes) {
        search->found = true;
        search->block = *block;
    }
    return ++search->seen < search->limit;
}

static void explain_block(const struct search *search)
{
    const struct block *block = &search->block;
    const char *state = block->state == BLOCK_FREE   ? "free"
                        : block->state == BLOCK_USED ? "used"
                                                     : "bookkeeping";

    print("  %s %s, %zu bytes at 0x%08lx: ", state, block->owner, block->bytes,
          (unsigned long)block->address);
    if (search->address < block->address)
        print("in its header, %zu bytes before the payload\n",
              (size_t)(block->address - search->address));
    else
        print("byte %zu of it\n", (size_t)(search->address - block->address));
}

static void explain_poison(uintptr_t address)
{
    struct poison_block block;
    char allocated[SYMBOL_TEXT_BYTES], freed[SYMBOL_TEXT_BYTES];

    if (!heap_poison_find(address, &block))
        return;
    print("  %s %zu bytes at 0x%08lx, allocated by %s%s%s\n",
          block.freed_by ? "freed, in quarantine:" : "in use:", block.bytes,
          (unsigned long)block.payload,
          caller_text(allocated, sizeof allocated, block.allocated_by),
          block.freed_by ? ", freed by " : "",
          block.freed_by ? caller_text(freed, sizeof freed, block.freed_by)
                         : "");
}

static void explain_last_calls(uintptr_t address)
{
    const struct heap_call *call = heap_log_find(address);
    const struct heap_call *before = call && call->kind == HEAP_CALL_FREE
                                         ? heap_log_allocation(address)
                                         : NULL;
    char caller[SYMBOL_TEXT_BYTES];

    explain_poison(address);
    if (call)
        print("  the last call about it: %s, from %s\n",
              heap_call_text(call->kind),
              caller_text(caller, sizeof caller, call->caller));
    if (before)
        print("  allocated before by %s, from %s\n",
              heap_call_text(before->kind),
              caller_text(caller, sizeof caller, before->caller));
}

static void explain_contents(uintptr_t address, size_t heap_bytes)
{
    struct search search = {
        .address = address,
        .limit = (uint32_t)heap_bytes / HEAP_ALIGNMENT,
    };
    bool whole = heap_walk(look_at_block, &search);

    if (search.found)
        explain_block(&search);
    else
        print("  in no block%s\n",
              whole ? "" : " before the one where the walk breaks off");
    explain_last_calls(address);
}

static void explain_heap(const struct heap_stats *stats, uintptr_t address)
{
    size_t bytes = stats->end - stats->begin + grow_figures().held_bytes;

    if (address >= stats->begin && address < stats->end)
        print("the heap, at +0x%lx\n", (unsigned long)(address - stats->begin));
    else
        print("the heap window\n");
    explain_contents(address, bytes);
}

/* An address in the window without a page: only the heap's end is known. */
static void explain_no_page(uintptr_t address)
{
    uintptr_t end = grow_figures().end;

    print("the heap window, where no page is mapped\n");
    if (address >= end)
        print("  0x%lx bytes past the heap's end at 0x%08lx: written or read "
              "too far?\n",
              (unsigned long)(address - end), (unsigned long)end);
}

static const char *piece_of(uintptr_t address)
{
    for (unsigned i = 0; i < PIECES; i++) {
        if (address >= (uintptr_t)pieces[i].begin &&
            address < (uintptr_t)pieces[i].end)
            return pieces[i].name;
    }
    return NULL;
}

static const char *region_of(uint32_t physical)
{
    for (size_t i = 0; layout && i < layout->in_use_count; i++) {
        const struct region *region = &layout->in_use[i];

        if (physical >= region->begin && physical < region->end)
            return region->name;
    }
    return NULL;
}

static void explain_frame(uint32_t physical)
{
    static const char *const states[] = {
        [FRAME_IS_FREE] = "free",
        [FRAME_IS_USED] = "used",
        [FRAME_IS_RESERVED] = "reserved",
    };
    frame_t frame = frame_of((phys_t){ physical });
    uint32_t total = frame_counts().total;
    const char *region = region_of(physical);

    print("the direct map of physical 0x%08x", physical);
    if (total > 0 && frame.number >= total)
        print(", beyond the machine's memory");
    else if (total > 0)
        print(", frame %#x: %s", frame.number, states[frame_state(frame)]);
    print("%s%s\n", region ? ", in use as " : "", region ? region : "");
}

static bool is_in_heap_window(uintptr_t address)
{
    struct page_range window = paging_window_range();

    return address >= window.begin && address < window.end;
}

/* Where it has memory. */
static bool in_heap(const struct heap_stats *stats, uintptr_t address)
{
    return (address >= stats->begin && address < stats->end) ||
           paging_window_has(address);
}

void explain_address(uintptr_t address)
{
    struct heap_stats stats = heap_stats();
    const char *piece = piece_of(address);

    print("0x%08lx is in ", (unsigned long)address);
    if (in_heap(&stats, address))
        explain_heap(&stats, address);
    else if (is_in_heap_window(address))
        explain_no_page(address);
    else if (piece)
        print("%s\n", piece);
    else if (address >= direct_map.base &&
             address - direct_map.base < direct_map.bytes)
        explain_frame((uint32_t)(address - direct_map.base));
    else
        print("nothing that the kernel uses\n");
}

bool explain_heap_address(const char *name, uintptr_t value)
{
    struct heap_stats stats = heap_stats();

    if (!in_heap(&stats, value))
        return false;
    print("%s: 0x%08lx is in ", name, (unsigned long)value);
    explain_heap(&stats, value);
    return true;
}

bool explain_heap_damage(void)
{
    struct violation violation = heap_check();

    if (is_sound(violation))
        return false;
    print("the heap is damaged: %s\n  at 0x%08lx: expected %#lx, found %#lx\n",
          violation.invariant, (unsigned long)violation.address,
          (unsigned long)violation.expected, (unsigned long)violation.found);
    return true;
}

bool explain_heap_call(void)
{
    const struct heap_call *call = heap_log_under_way();
    char caller[SYMBOL_TEXT_BYTES];

    if (!call)
        return false;
    print("this came in the middle of a call of %s, from %s:\n"
          "  the heap is between two states, and its check would prove "
          "nothing\n",
          heap_call_text(call->kind),
          caller_text(caller, sizeof caller, call->caller));
    return true;
}

bool explain_must_be_mapped(uintptr_t address)
{
    uint32_t total = frame_counts().total;
    bool guard = address >= (uintptr_t)stack_guard_begin &&
                 address < (uintptr_t)stack_guard_end;
    bool constant =
        address >= (uintptr_t)text_begin && address < (uintptr_t)rodata_end;

    return address >= direct_map.base && !guard && !constant &&
           (address - direct_map.base) / PAGE_BYTES < total;
}

void explain_init(const struct memory_layout *memory)
{
    layout = memory;
    report_use_describers((struct report_describers){
        .address = explain_address,
        .heap_address = explain_heap_address,
        .heap_damage = explain_heap_damage,
        .heap_call = explain_heap_call,
        .must_be_mapped = explain_must_be_mapped,
        .tables = boot_check,
    });
}
