/* SPDX-License-Identifier: MIT */
/* Bitmaps, lists and random numbers, against models so simple that they are
 * plainly right.
 */
#include "harness.h"

#include "lib/bitmap.h"
#include "lib/list.h"
#include "lib/random.h"

#include <string.h>

/* Bitmaps, against one bool a bit. */

#define MOST_BITS 70

static bool model[MOST_BITS];

static size_t model_find(size_t bits, size_t from, bool wanted)
{
    while (from < bits && model[from] != wanted)
        from++;
    return from < bits ? from : BITMAP_NONE;
}

static size_t model_find_run(size_t bits, size_t count, size_t align)
{
    for (size_t first = 0; first + count <= bits; first += align) {
        size_t length = 0;

        while (length < count && !model[first + length])
            length++;
        if (length == count)
            return first;
    }
    return BITMAP_NONE;
}

static void check_against_model(const struct bitmap *bitmap)
{
    size_t ones = 0;

    for (size_t i = 0; i < bitmap->bits; i++) {
        ones += model[i];
        CHECK_EQ(bitmap_test(bitmap, i), model[i]);
        CHECK_EQ(bitmap_find_clear(bitmap, i),
                 model_find(bitmap->bits, i, false));
        CHECK_EQ(bitmap_find_set(bitmap, i), model_find(bitmap->bits, i, true));
    }
    CHECK_EQ(bitmap_count(bitmap), ones);
    CHECK_EQ(bitmap_find_clear(bitmap, bitmap->bits), BITMAP_NONE);
    CHECK_EQ(bitmap_find_set(bitmap, bitmap->bits + 40), BITMAP_NONE);
}

static void check_runs(const struct bitmap *bitmap)
{
    for (size_t count = 1; count <= bitmap->bits + 1; count++) {
        for (size_t align = 1; align <= 64; align *= 2)
            CHECK_EQ(bitmap_find_clear_run(bitmap, count, align),
                     model_find_run(bitmap->bits, count, align));
        CHECK_EQ(bitmap_find_clear_run(bitmap, count, 1u << 31),
                 model_find_run(bitmap->bits, count, 1u << 31));
    }
}

/* Words of exactly the size needed, with `past` in the bits past the end. */
static struct bitmap new_bitmap(size_t bits, uint32_t past)
{
    size_t words = bitmap_word_count(bits);
    struct bitmap bitmap = { malloc(words * sizeof(uint32_t)), bits };

    CHECK(bitmap.words != NULL);
    for (size_t i = 0; i < words; i++)
        bitmap.words[i] = past;
    return bitmap;
}

TEST(lib_bitmap_ranges_at_word_borders)
{
    const size_t sizes[] = { 1, 31, 32, 33, 63, 64, 65, MOST_BITS };

    for (size_t s = 0; s < 2 * sizeof sizes / sizeof sizes[0]; s++) {
        struct bitmap bitmap = new_bitmap(sizes[s / 2], s % 2 ? ~0u : 0);

        for (size_t first = 0; first <= bitmap.bits; first++) {
            for (size_t count = 0; count <= bitmap.bits - first; count++) {
                bitmap_clear_range(&bitmap, 0, bitmap.bits);
                bitmap_set_range(&bitmap, first, count);
                memset(model, 0, sizeof model);
                memset(model + first, true, count);
                check_against_model(&bitmap);
                CHECK(bitmap_all_set(&bitmap, first, count));
                CHECK(bitmap_all_clear(&bitmap, 0, first));
                CHECK_EQ(bitmap_all_clear(&bitmap, first, count), count == 0);
                CHECK_EQ(bitmap_all_set(&bitmap, 0, bitmap.bits),
                         count == bitmap.bits);

                bitmap_set_range(&bitmap, 0, bitmap.bits);
                bitmap_clear_range(&bitmap, first, count);
                memset(model, true, sizeof model);
                memset(model + first, false, count);
                check_against_model(&bitmap);
                CHECK(bitmap_all_clear(&bitmap, first, count));
            }
        }
        free(bitmap.words);
    }
}

TEST(lib_bitmap_random)
{
    struct random random;
    struct bitmap bitmap = new_bitmap(MOST_BITS, 0x5A5A5A5Au);

    random_seed(&random, 7);
    bitmap_clear_range(&bitmap, 0, bitmap.bits);
    memset(model, 0, sizeof model);
    for (int i = 0; i < 300; i++) {
        size_t index = random_below(&random, MOST_BITS);

        model[index] = random_below(&random, 2) != 0;
        if (model[index])
            bitmap_set(&bitmap, index);
        else
            bitmap_clear(&bitmap, index);
        check_against_model(&bitmap);
        check_runs(&bitmap);
    }
    free(bitmap.words);
}

TEST(lib_bitmap_refuses_bits_it_has_not)
{
    struct bitmap bitmap = new_bitmap(33, 0);

    CHECK_PANICS(bitmap_test(&bitmap, 33));
    CHECK_PANICS(bitmap_set(&bitmap, 63));
    CHECK_PANICS(bitmap_clear(&bitmap, SIZE_MAX));
    CHECK_PANICS(bitmap_set_range(&bitmap, 32, 2));
    CHECK_PANICS(bitmap_clear_range(&bitmap, 2, SIZE_MAX));
    CHECK_PANICS(bitmap_all_set(&bitmap, 34, 0));
    CHECK_PANICS(bitmap_find_clear_run(&bitmap, 0, 1));
    CHECK_PANICS(bitmap_find_clear_run(&bitmap, 1, 3));
    free(bitmap.words);
}

/* Words, bit by bit. */

TEST(lib_bits_of_a_word)
{
    struct random random;

    random_seed(&random, 3);
    for (int i = 0; i < 5000; i++) {
        uint32_t word = random_next(&random) >> i % 32, ones = 0, low = 32;
        uint32_t high = 0;

        for (uint32_t bit = 0; bit < 32; bit++) {
            if (!(word >> bit & 1))
                continue;
            ones++;
            high = bit;
            low = low == 32 ? bit : low;
        }
        CHECK_EQ(count_ones(word), ones);
        if (word == 0)
            continue;
        CHECK_EQ(lowest_bit(word), low);
        CHECK_EQ(highest_bit(word), high);
    }
    for (uint32_t count = 1; count <= WORD_BITS; count++)
        CHECK_EQ(low_bits(count), (uint32_t)((1ull << count) - 1));
}

/* Lists. */

struct item {
    int number;
    struct list_link link;
};

static int numbers_along(const struct list_link *head)
{
    int numbers = 0;

    for (struct list_link *at = head->next; at != head; at = at->next) {
        CHECK(at->next->previous == at && at->previous->next == at);
        numbers = numbers * 10 + LIST_ITEM(at, struct item, link)->number;
    }
    return numbers;
}

TEST(lib_list_keeps_its_order)
{
    struct list_link head;
    struct item items[4] = {
        { .number = 1 }, { .number = 2 }, { .number = 3 }, { .number = 4 }
    };

    list_init(&head);
    CHECK(list_is_empty(&head));
    list_insert_after(&head, &items[1].link);
    list_insert_before(&items[1].link, &items[0].link);
    list_insert_before(&head, &items[3].link);
    list_insert_after(&items[1].link, &items[2].link);
    CHECK_EQ(numbers_along(&head), 1234);
    list_remove(&items[1].link);
    CHECK_EQ(numbers_along(&head), 134);
    list_remove(&items[1].link);
    CHECK_EQ(numbers_along(&head), 134);
    list_remove(&items[3].link);
    list_remove(&items[0].link);
    CHECK_EQ(numbers_along(&head), 3);
    CHECK(!list_is_empty(&head));
    list_remove(&items[2].link);
    CHECK(list_is_empty(&head));
}

TEST(lib_list_remove_asks_the_neighbours)
{
    struct list_link head, stray;
    struct item item, other;

    list_init(&head);
    list_init(&stray);
    list_insert_after(&head, &item.link);
    list_insert_after(&item.link, &other.link);
    item.link.next = &stray;
    CHECK_PANICS(list_remove(&item.link));
    CHECK_PANICS(list_insert_after(&item.link, &stray));
    item.link.next = &other.link;
    item.link.previous = &stray;
    CHECK_PANICS(list_remove(&item.link));
    CHECK(stray.next == &stray && stray.previous == &stray);
}

/* Random numbers. */

TEST(lib_random_repeats_and_spreads)
{
    struct random a, b;
    uint32_t seen[8] = { 0 };

    for (uint32_t seed = 0; seed < 4; seed++) {
        random_seed(&a, seed);
        random_seed(&b, seed);
        for (int i = 0; i < 100; i++)
            CHECK_EQ(random_next(&a), random_next(&b));
    }
    random_seed(&a, 0);
    for (int i = 0; i < 8000; i++) {
        uint32_t value = random_below(&a, 8);

        CHECK(value < 8);
        seen[value]++;
    }
    for (int i = 0; i < 8; i++)
        CHECK(seen[i] > 850 && seen[i] < 1150);
    CHECK_EQ(random_below(&a, 1), 0);
    CHECK_PANICS(random_below(&a, 0));
    random_seed(&a, 1);
    random_seed(&b, 2);
    CHECK(random_next(&a) != random_next(&b));
}
