/* SPDX-License-Identifier: MIT */
/* Rounding, room and pieces: what the stages and their checkers have from
 * lib/region.h.
 */
#include "harness.h"
#include "layouts.h"

#include "lib/random.h"

TEST(region_rounding_never_wraps)
{
    CHECK_EQ(page_down(0), 0);
    CHECK_EQ(page_up(0), 0);
    CHECK_EQ(page_up(1), 4096);
    CHECK_EQ(page_up(4096), 4096);
    CHECK_EQ(page_up(4097), 8192);
    CHECK_EQ(page_down(4097), 4096);
    CHECK_EQ(page_up(4 * GIB - 1), 4 * GIB);
    CHECK_EQ(page_up(UINT64_MAX), 0xFFFFFFFFFFFFF000ull);
    CHECK_EQ(page_up(0xFFFFFFFFFFFFF000ull), 0xFFFFFFFFFFFFF000ull);
    CHECK_EQ(page_down(UINT64_MAX), 0xFFFFFFFFFFFFF000ull);
}

/* Byte by byte would take long, so by pages: `begin` is one. */
static bool model_is_room(uint64_t begin, uint64_t bytes)
{
    bool inside = false;

    for (size_t i = 0; i < layout.available_count; i++)
        inside |=
            available[i].begin <= begin && begin + bytes <= available[i].end;
    for (uint64_t page = begin; page < begin + bytes; page += 4096) {
        for (size_t i = 0; i < layout.in_use_count; i++)
            inside &= in_use[i].begin >= in_use[i].end ||
                      in_use[i].end <= page || page + 4096 <= in_use[i].begin;
    }
    return inside && begin + bytes <= layout.reach;
}

static uint64_t model_find_room(uint64_t lowest, uint64_t bytes)
{
    for (uint64_t at = page_up(lowest); at < 64 * 4096; at += 4096) {
        if (model_is_room(at, bytes))
            return at;
    }
    return NO_ROOM;
}

static uint64_t random_address(struct random *random)
{
    if (random_below(random, 20) == 0)
        return UINT64_MAX - random_below(random, 2) * 5000;
    return (uint64_t)random_below(random, 60) * 4096 + random_below(random, 3) -
           (random_below(random, 2) ? 0 : 1);
}

TEST(region_room_is_the_lowest_there_is)
{
    struct random random;
    int found = 0;

    random_seed(&random, test_seed(9));
    for (int round = 0; round < 20000; round++) {
        uint64_t lowest = random_below(&random, 20) * 3000;
        uint64_t bytes = (1 + random_below(&random, 6)) * 4096ull;
        uint64_t room;

        layout_begin(random_below(&random, 2) ? 60 * 4096 + 100 : 40 * 4096);
        for (uint32_t i = random_below(&random, 5); i > 0; i--)
            add_available(random_address(&random), random_address(&random));
        for (uint32_t i = random_below(&random, 5); i > 0; i--)
            add_in_use(random_address(&random), random_address(&random));
        room = layout_find_room(&layout, lowest, bytes);
        CHECK_EQ(room, model_find_room(lowest, bytes));
        found += room != NO_ROOM;
    }
    CHECK(found > 4000 && found < 16000);
}

TEST(region_pieces_end_where_something_changes)
{
    struct piece piece = { 10, 100, 0 };

    piece_meet(&piece, 50, 60, 1); /* further up: cuts, does not decide */
    CHECK_EQ(piece.end, 50);
    CHECK_EQ(piece.answer, 0);
    piece_meet(&piece, 0, 40, 2);
    CHECK_EQ(piece.end, 40);
    CHECK_EQ(piece.answer, 2);
    piece_meet(&piece, 0, 10, 3); /* ends where the piece begins */
    CHECK_EQ(piece.answer, 2);
    piece_meet(&piece, 10, 11, 4);
    CHECK_EQ(piece.end, 11);
    CHECK_EQ(piece.answer, 4);
    CHECK_EQ(piece.begin, 10);
    piece = (struct piece){ 10, 100, 0 };
    piece_meet(&piece, 50, 5, 1); /* reversed, or empty: no region at all */
    piece_meet(&piece, 60, 60, 1);
    CHECK_EQ(piece.end, 100);
    CHECK_EQ(piece.answer, 0);
}
