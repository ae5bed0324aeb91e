/* SPDX-License-Identifier: MIT */
/* The labs that this tree has.  A hand-out may lack some, and has no hidden
 * tests; such names are left out. */
#include "labtest/side.h"

#define IF_THERE extern const struct lab __attribute__((weak))

IF_THERE lab_frames, lab_paging, lab_heap, lab_malloc, lab_zalloc, lab_spans,
    lab_armour, lab_grow;
IF_THERE hidden_frames, hidden_paging, hidden_heap, hidden_malloc,
    hidden_zalloc, hidden_spans, hidden_armour, hidden_grow;

const struct lab *const lab_list[] = {
    &lab_frames,    &lab_paging,    &lab_heap,      &lab_malloc,
    &lab_zalloc,    &lab_spans,     &lab_armour,    &lab_grow,
    &hidden_frames, &hidden_paging, &hidden_heap,   &hidden_malloc,
    &hidden_zalloc, &hidden_spans,  &hidden_armour, &hidden_grow,
};

const size_t lab_count = sizeof lab_list / sizeof *lab_list;

bool lab_is_hidden(size_t number)
{
    return number >= lab_count / 2;
}
