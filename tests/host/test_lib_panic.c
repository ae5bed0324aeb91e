/* SPDX-License-Identifier: MIT */
/* The words of the kernel when it stops: the place, what was found, what was
 * expected, and whether a word is poison.
 */
#include "harness.h"

#include "lib/bitmap.h"
#include "lib/panic.h"
#include "lib/poison.h"
#include "lib/print.h"

#include <string.h>

/* The panic's message after the file and the line, which end in ": ". */
static const char *message(void)
{
    const char *colon = strchr(panic_text(), ':');

    colon = colon ? strchr(colon + 1, ':') : NULL;
    return colon ? colon + 2 : panic_text();
}

TEST(lib_panic_says_where_a_word_is_and_what_it_holds)
{
    uint32_t word = 0x11;
    char expected[160];

    CHECK_PANICS(panic_word("a.c", 7, "a word", &word, 0x22));
    format_text(expected, sizeof expected,
                "assertion failed: a word, at %#lx: found 0x11, expected 0x22",
                (unsigned long)(uintptr_t)&word);
    CHECK_TEXT(message(), expected);
    CHECK(panic_place == (uintptr_t)&word);
}

static void pass_on(uint32_t *word)
{
    ASSERT_HOLDS(word, 5u);
}

TEST(lib_panic_only_where_a_word_is_wrong)
{
    uint32_t word = 5;

    pass_on(&word);
    word = 6;
    CHECK_PANICS(pass_on(&word));
}

TEST(lib_bitmap_says_which_range_it_lacks)
{
    uint32_t words[2] = { 0 };
    struct bitmap bitmap = { words, 40 };

    CHECK_PANICS(bitmap_set_range(&bitmap, 30, 11));
    CHECK_TEXT(message(), "count = 0xb, expected below bitmap->bits - first + 1"
                          " = 0xb");
    CHECK_PANICS(bitmap_clear_range(&bitmap, 30, 11));
    CHECK_TEXT(message(), "count = 0xb, expected below bitmap->bits - first + 1"
                          " = 0xb");
    CHECK(words[0] == 0 && words[1] == 0);
}

static void expect_poison(uint32_t word, const char *part)
{
    const char *name = poison_name(word);

    if (part)
        CHECK(name && strstr(name, part));
    else
        CHECK(!name);
}

TEST(lib_poison_is_named_up_to_the_last_near_byte)
{
    static const struct {
        enum poison byte;
        const char *name;
    } kinds[] = { { POISON_FRESH, "fresh" }, { POISON_FREED, "freed" } };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        uint32_t word = poison_word(kinds[i].byte);

        expect_poison(word - 1, NULL);
        expect_poison(word, kinds[i].name);
        expect_poison(word + POISON_NEAR_BYTES - 1, kinds[i].name);
        expect_poison(word + POISON_NEAR_BYTES, NULL);
    }
}
