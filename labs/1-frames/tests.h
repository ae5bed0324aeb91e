/* SPDX-License-Identifier: MIT */
/* Shared by tests.c and tests_ends.c of lab 1. */
#ifndef LABS_1_FRAMES_TESTS_H
#define LABS_1_FRAMES_TESTS_H

#include "labtest/test.h"

#define PIECE (1u << 20) /* the arena of most tests */
#define MOST  1024u

extern struct memory_layout frames_layout;
extern frame_t frames_taken[MOST];

/* A physical address, from the arena's beginning on. */
uint64_t arena_at(uint64_t offset);
/* An empty layout, and regions for it. */
void layout_begin(void);
void layout_offer(uint64_t from, uint64_t to);
void layout_use(uint64_t from, uint64_t to);
/* The layout of most tests: one piece, all available. */
void start_one_piece(void);
/* Takes all there is; returns how many. */
uint32_t take_all_frames(void);
void expect_frame_counts(uint32_t free, uint32_t used);

/* Started again on less memory, the allocator forgets what it handed out. */
void expect_fresh_start(void);
/* Runs that end with the last frame, or one frame after it. */
void expect_the_end(void);
void expect_reserved_in_a_run(void);
/* A frame is found as fast with 8,000 in use below as with none. */
void expect_constant_work(void);
/* Layouts of 4 GiB, and regions beyond. */
void expect_whole_machine(void);

#endif
