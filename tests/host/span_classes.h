/* SPDX-License-Identifier: MIT */
/* Size classes in the zones and maps of spans, so that all three policies can
 * be compared on the same requests:
 *
 *     bytes      1  8  16  24  32  40 ...  256        ...        1024
 *     plain      |8|16 | 32   | 64 ...  256   |    512  |   1024   |
 *     fine       |8|16 |24 |32|40|48 ...  256 |320|384|448|512| ...
 *     shared     the kernel's: spans_policy.c
 *
 * An allocation of the first two never covers more than one granule. */
#ifndef TESTS_HOST_SPAN_CLASSES_H
#define TESTS_HOST_SPAN_CLASSES_H

#include "mm/spans/spans.h"

enum span_policy {
    SPANS_PLAIN_CLASSES, /* powers of two, as zalloc has them */
    SPANS_FINE_CLASSES,  /* four sizes for each doubling */
    SPANS_SHARED,
};

extern const struct spans_row *const span_policies[];

#endif
