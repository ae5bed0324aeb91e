/* SPDX-License-Identifier: MIT */
/* A stage of the kernel, as the driver starts it: what its init and enter do
 * in the stage table of src/main.c.
 *
 * Each stage has a stage_*.c of its own, which is linked if the Makefile lists
 * the stage's room; so a tree without the last stages is measured too.
 */
#ifndef BENCH_STAGE_H
#define BENCH_STAGE_H

#include <stdbool.h>
#include <stdint.h>

struct stage {
    const char *name;
    /* As in struct subject. */
    bool (*start)(uintptr_t begin, uintptr_t end);
    uint32_t (*reclaims)(void);
};

/* For a pointer to a stage's row: the linker puts all pointers that are so
 * marked side by side, in the order in which the files are linked. */
#define STAGE_ROW __attribute__((section("stage_rows"), used))

#endif
