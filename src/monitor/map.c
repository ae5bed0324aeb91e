/* SPDX-License-Identifier: MIT */
/* A cell stands for a piece of memory and sums up what is in it:
 *
 *     cell      0         1         2
 *               |---------|---------|---------|
 *     blocks    [ used ][free ][    used    ]
 *     letter         o         +         #
 *
 * The heap's cells are filled from heap_walk().  A student's walk may report
 * anything, so a block outside the heap is not drawn.
 */
#include "monitor/map.h"

#include "lib/addr.h"
#include "lib/print.h"
#include "mm/frames/frames.h"
#include "mm/grow/grow.h"
#include "mm/heap/heap.h"

#include <stdint.h>

#define COLUMNS 64u
#define ROWS    16u
#define CELLS   (COLUMNS * ROWS)

/* From empty to full; a cell with a single used byte is never '.'. */
static const char shades[] = ".-+o#";
#define SHADES (sizeof shades - 1)

struct cell {
    uint32_t used;
    uint32_t bookkeeping;
    uint32_t known; /* bytes that any block covered */
};

struct heap_map {
    uintptr_t begin, end;
    uint32_t cell_bytes;
};

static struct cell cells[CELLS];

static char shade(uint32_t part, uint32_t whole)
{
    if (part == 0 || whole == 0)
        return shades[0];
    /* In 1/256ths: part * SHADES must not overflow. */
    uint32_t share = part >= whole ? 255 : part / (whole / 256 + 1);

    return shades[1 + share * (SHADES - 1) / 256];
}

static void map_print_rows(const char *letters, uint32_t count)
{
    for (uint32_t at = 0; at < count; at += COLUMNS) {
        uint32_t length = count - at < COLUMNS ? count - at : COLUMNS;

        print("  %.*s\n", (int)length, letters + at);
    }
}

static char frame_letter(uint32_t first, uint32_t count)
{
    uint32_t used = 0, reserved = 0;

    for (uint32_t i = first; i < first + count; i++) {
        enum frame_state state = frame_state((frame_t){ i });

        used += state == FRAME_IS_USED;
        reserved += state == FRAME_IS_RESERVED;
    }
    if (reserved == count)
        return 'R';
    if (reserved > 0 && used == 0)
        return 'r';
    return shade(used, count);
}

void map_frames(void)
{
    static char letters[CELLS];
    uint32_t total = frame_counts().total;
    uint32_t step = (total + CELLS - 1) / CELLS, count = 0;

    for (uint32_t first = 0; first < total; first += step) {
        uint32_t rest = total - first;

        letters[count++] = frame_letter(first, rest < step ? rest : step);
    }
    map_print_rows(letters, count);
    print("  a letter is %u frames: . free  -+o# used, ever more  R reserved  "
          "r in part\n",
          step);
}

/* Adds the part of [begin, end) that is in each cell to that cell. */
static void cover(const struct heap_map *map, uintptr_t begin, uintptr_t end,
                  size_t member)
{
    if (begin < map->begin)
        begin = map->begin;
    if (end > map->end)
        end = map->end;
    while (begin < end) {
        uint32_t index = (uint32_t)(begin - map->begin) / map->cell_bytes;
        uintptr_t border = map->begin + (index + 1) * map->cell_bytes;
        uintptr_t stop = end < border ? end : border;
        uint32_t *count = (uint32_t *)((char *)&cells[index] + member);

        *count += (uint32_t)(stop - begin);
        begin = stop;
    }
}

static bool add_block(const struct block *block, void *context)
{
    const struct heap_map *map = context;
    uintptr_t begin = block->address, end = begin + block->bytes;

    cover(map, begin - block->overhead, end, offsetof(struct cell, known));
    cover(map, begin - block->overhead, begin,
          offsetof(struct cell, bookkeeping));
    if (block->state == BLOCK_USED)
        cover(map, begin, end, offsetof(struct cell, used));
    else if (block->state == BLOCK_BOOKKEEPING)
        cover(map, begin, end, offsetof(struct cell, bookkeeping));
    return true;
}

static char heap_letter(const struct cell *cell, uint32_t bytes)
{
    if (cell->known == 0)
        return '?';
    if (cell->bookkeeping > cell->known / 2)
        return 'b';
    return shade(cell->used, bytes);
}

/* [begin, end), which is not empty. */
static void map_range(uintptr_t begin, uintptr_t end)
{
    static char letters[CELLS];
    uint32_t bytes = (uint32_t)(end - begin);
    struct heap_map map = { begin, end, (bytes + CELLS - 1) / CELLS };
    uint32_t count = bytes / map.cell_bytes + (bytes % map.cell_bytes != 0);

    for (uint32_t i = 0; i < CELLS; i++)
        cells[i] = (struct cell){ 0 };
    if (!heap_walk(add_block, &map))
        print("  (the walk ended early: the picture is not complete)\n");
    for (uint32_t i = 0; i < count; i++)
        letters[i] = heap_letter(&cells[i], map.cell_bytes);
    map_print_rows(letters, count);
    print("  a letter is %u bytes: . free  -+o# used, ever more  b bookkeeping"
          "  ? unknown\n",
          map.cell_bytes);
}

void map_heap(void)
{
    struct heap_stats stats = heap_stats();
    struct grow_figures figures = grow_figures();

    map_range(stats.begin, stats.end);
    if (figures.end > figures.window.begin) {
        print("  and in the window, from %#010lx on:\n",
              (unsigned long)figures.window.begin);
        map_range(figures.window.begin, figures.end);
    }
}
