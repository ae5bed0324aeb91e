/* SPDX-License-Identifier: MIT */
/* The tables of size classes that spans are compared with. */
#include "span_classes.h"

static const struct spans_row plain_classes[] = {
    { "class 8", 8, 8 },
    { "class 16", 16, 16 },
    { "class 32", 32, 32 },
    { "class 64", 64, 64 },
    { "class 128", 128, 128 },
    { "class 256", 256, 256 },
    { "class 512", 512, 512 },
    { "class 1024", 1024, 1024 },
    { NULL, 0, 0 },
};

static const struct spans_row fine_classes[] = {
    { "class 8", 8, 8 },
    { "class 16", 16, 16 },
    { "class 24", 24, 24 },
    { "class 32", 32, 32 },
    { "class 40", 40, 40 },
    { "class 48", 48, 48 },
    { "class 56", 56, 56 },
    { "class 64", 64, 64 },
    { "class 80", 80, 80 },
    { "class 96", 96, 96 },
    { "class 112", 112, 112 },
    { "class 128", 128, 128 },
    { "class 160", 160, 160 },
    { "class 192", 192, 192 },
    { "class 224", 224, 224 },
    { "class 256", 256, 256 },
    { "class 320", 320, 320 },
    { "class 384", 384, 384 },
    { "class 448", 448, 448 },
    { "class 512", 512, 512 },
    { "class 640", 640, 640 },
    { "class 768", 768, 768 },
    { "class 896", 896, 896 },
    { "class 1024", 1024, 1024 },
    { NULL, 0, 0 },
};

const struct spans_row *const span_policies[] = {
    [SPANS_PLAIN_CLASSES] = plain_classes,
    [SPANS_FINE_CLASSES] = fine_classes,
    [SPANS_SHARED] = spans_shared,
};
