/* SPDX-License-Identifier: MIT */
/* The picture on a screen made of memory. */
#include "harness.h"

#include "fake_heap.h"
#include "mm/heap/heap.h"

#include <string.h>

#define COLUMNS 80u
#define ROWS    25u
#define MAP_ROW 2u
#define BEGIN   0x10000u

static uint16_t *cells;
static struct picture picture;
static int owned;

static void own(void)
{
    owned++;
}

static void release(void)
{
    owned--;
}

static void use_screen(unsigned columns, unsigned rows)
{
    cells = calloc(columns * rows, sizeof *cells);
    for (unsigned i = 0; i < columns * rows; i++)
        cells[i] = 0x0700 | 'T';
    picture = (struct picture){
        .screen = { cells, columns, rows, own, release, NULL },
    };
}

static void begin(size_t heap_bytes)
{
    struct picture_title title = { "malloc", "x.rep", 100, 5000 };

    picture_begin(&picture, &title, BEGIN, heap_bytes);
}

static char at(unsigned row, unsigned column)
{
    return (char)cells[row * COLUMNS + column];
}

static const char *row_text(unsigned row)
{
    static char text[COLUMNS + 1];

    for (unsigned i = 0; i < COLUMNS; i++)
        text[i] = at(row, i);
    return text;
}

/* 1600 cells of 2 granules: 10 bytes fill one of the first cell's, then the
 * other and one of the next. */
TEST(picture_cells_show_their_fill)
{
    use_screen(COLUMNS, ROWS);
    begin(1600 * 16);
    CHECK_EQ(owned, 1);
    CHECK_EQ(at(MAP_ROW, 0), ' ');
    picture_take(&picture, BEGIN, 1);
    CHECK_EQ((uint8_t)at(MAP_ROW, 0), 0xB1);
    picture_take(&picture, BEGIN + 8, 2);
    CHECK_EQ((uint8_t)at(MAP_ROW, 0), 0xDB);
    CHECK_EQ((uint8_t)at(MAP_ROW, 1), 0xB1);
    CHECK_EQ(at(MAP_ROW, 2), ' ');
    picture_give(&picture, BEGIN + 8, 2);
    picture_give(&picture, BEGIN, 1);
    CHECK_EQ(at(MAP_ROW, 0), '.');
    CHECK_EQ(at(MAP_ROW, 1), '.');
    picture_take(&picture, BEGIN + 1599 * 16, 2);
    CHECK_EQ((uint8_t)at(MAP_ROW + 19, 79), 0xDB);
    /* Memory outside the heap has no cell. */
    picture_take(&picture, BEGIN + 1600 * 16, 2);
    picture_take(&picture, BEGIN - 8, 1);
    CHECK_EQ(at(MAP_ROW + 20, 0), ' ');
    free(cells);
}

TEST(picture_says_what_it_shows)
{
    use_screen(COLUMNS, ROWS);
    begin(1600 * 16);
    CHECK(strstr(row_text(0), " malloc  x.rep  op 0 of 100  live 0  "
                              "peak 5000 "));
    picture_step(&picture, 63, 77);
    CHECK(strstr(row_text(0), "op 0 of 100"));
    picture_step(&picture, 64, 77);
    CHECK(strstr(row_text(0), "op 64 of 100  live 77  peak 5000 "));
    picture_step(&picture, 100, 0);
    CHECK(strstr(row_text(0), "op 100 of 100  live 0"));
    CHECK(strstr(row_text(23), " . free again"));
    CHECK(strstr(row_text(23), "all live"));
    CHECK(strstr(row_text(24), "from 0x10000, row by row; a cell is 16 bytes; "
                               "blank: never used"));
    free(cells);
}

TEST(picture_gives_the_text_back)
{
    use_screen(COLUMNS, ROWS);
    begin(4096);
    picture_take(&picture, BEGIN, 5);
    CHECK(at(10, 10) != 'T');
    picture_end(&picture);
    CHECK_EQ(owned, 0);
    for (unsigned i = 0; i < COLUMNS * ROWS; i++)
        CHECK_EQ(cells[i], 0x0700 | 'T');
    free(cells);
}

TEST(picture_stays_inside_any_screen)
{
    static const struct {
        unsigned columns, rows;
        bool possible;
    } sizes[] = { { 80, 25, true },  { 40, 6, true },   { 39, 25, false },
                  { 80, 5, false },  { 81, 25, false }, { 80, 26, false },
                  { 132, 50, false } };

    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        use_screen(sizes[i].columns, sizes[i].rows);
        CHECK_EQ(picture_is_possible(&picture), sizes[i].possible);
        for (size_t heap_bytes = 0; heap_bytes <= 65536; heap_bytes += 4096) {
            begin(heap_bytes);
            if (heap_bytes > 0)
                picture_take(&picture, BEGIN, (uint32_t)heap_bytes / 8);
            picture_step(&picture, 100, heap_bytes);
            picture_end(&picture);
        }
        free(cells);
    }
}

TEST(picture_without_screen_does_nothing)
{
    picture =
        (struct picture){ .screen = { NULL, 80, 25, own, release, NULL } };
    begin(4096);
    picture_take(&picture, BEGIN, 1);
    picture_give(&picture, BEGIN, 1);
    picture_step(&picture, 64, 0);
    picture_end(&picture);
    CHECK_EQ(owned, 0);
}

static unsigned waits;
static unsigned full_cells_at_most;

static void look_and_wait(void)
{
    unsigned full = 0;

    waits++;
    for (unsigned i = MAP_ROW * COLUMNS; i < (MAP_ROW + 20) * COLUMNS; i++)
        full += (uint8_t)cells[i] == 0xDB;
    if (full > full_cells_at_most)
        full_cells_at_most = full;
}

/* 65536 bytes are 8192 granules, 6 a cell: 4800 bytes fill 100 cells. */
TEST(picture_follows_a_replay)
{
    struct trace_file file = fake_trace("1\n3\na 0 4800\nr 0 48\nf 0\n");
    struct replay_env env = fake_env();
    struct replay_result result;

    use_screen(COLUMNS, ROWS);
    picture.pace = (struct picture_pace){ 1, look_and_wait };
    env.picture = &picture;
    fake_memory(&file, 1);
    replay_run(&env, &file, &result);
    CHECK_EQ(result.verdict, REPLAY_OK);
    /* Probes are not drawn. */
    CHECK_EQ(waits, 3);
    CHECK_EQ(full_cells_at_most, 100);
    CHECK_EQ(owned, 0);
    free(cells);
    fake_forget();
}
