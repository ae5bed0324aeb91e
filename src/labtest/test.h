/* SPDX-License-Identifier: MIT */
/* The header for labs/N-name/tests.c: lab.h, with macros that add the line of
 * the test to each call.  Inside a macro, its own name is the function. */
#ifndef LABTEST_TEST_H
#define LABTEST_TEST_H

#include "labtest/lab.h"

#define LAB_HERE                 lab_here(__FILE__, __LINE__)
#define heap_stats()             lab_heap_stats()
#define frame_counts()           lab_frame_counts()
#define lab_frames_start(...)    (LAB_HERE, lab_frames_start(__VA_ARGS__))
#define lab_frame_alloc(...)     (LAB_HERE, lab_frame_alloc(__VA_ARGS__))
#define lab_frame_alloc_run(...) (LAB_HERE, lab_frame_alloc_run(__VA_ARGS__))
#define lab_frame_free(...)      (LAB_HERE, lab_frame_free(__VA_ARGS__))
#define lab_frame_free_run(...)  (LAB_HERE, lab_frame_free_run(__VA_ARGS__))
#define lab_paging_start(...)    (LAB_HERE, lab_paging_start(__VA_ARGS__))
#define lab_map(...)             (LAB_HERE, lab_map(__VA_ARGS__))
#define lab_unmap(...)           (LAB_HERE, lab_unmap(__VA_ARGS__))
#define lab_protect(...)         (LAB_HERE, lab_protect(__VA_ARGS__))
#define lab_translate(...)       (LAB_HERE, lab_translate(__VA_ARGS__))
#define lab_walk(...)            (LAB_HERE, lab_walk(__VA_ARGS__))
#define lab_load(...)            (LAB_HERE, lab_load(__VA_ARGS__))
#define lab_read(...)            (LAB_HERE, lab_read(__VA_ARGS__))
#define lab_write(...)           (LAB_HERE, lab_write(__VA_ARGS__))
#define lab_heap_start(...)      (LAB_HERE, lab_heap_start(__VA_ARGS__))
#define lab_heap_start_at(...)   (LAB_HERE, lab_heap_start_at(__VA_ARGS__))
#define lab_alloc(...)           (LAB_HERE, lab_alloc(__VA_ARGS__))
#define lab_alloc_aligned(...)   (LAB_HERE, lab_alloc_aligned(__VA_ARGS__))
#define lab_realloc(...)         (LAB_HERE, lab_realloc(__VA_ARGS__))
#define lab_free(...)            (LAB_HERE, lab_free(__VA_ARGS__))
#define lab_free_damaged(...)    (LAB_HERE, lab_free_damaged(__VA_ARGS__))
#define lab_size(...)            (LAB_HERE, lab_size(__VA_ARGS__))
#define lab_verify(...)          (LAB_HERE, lab_verify(__VA_ARGS__))
#define lab_replay(...)          (LAB_HERE, lab_replay(__VA_ARGS__))
#define lab_alloc_small(...)     (LAB_HERE, lab_alloc_small(__VA_ARGS__))
#define lab_zones_start(...)     (LAB_HERE, lab_zones_start(__VA_ARGS__))
#define lab_cache_create(...)    (LAB_HERE, lab_cache_create(__VA_ARGS__))
#define lab_cache_alloc(...)     (LAB_HERE, lab_cache_alloc(__VA_ARGS__))
#define lab_cache_free(...)      (LAB_HERE, lab_cache_free(__VA_ARGS__))
#define lab_window_open(...)     (LAB_HERE, lab_window_open(__VA_ARGS__))
#define lab_window_open_again()  (LAB_HERE, lab_window_open_again())
#define lab_window_move_end(...) (LAB_HERE, lab_window_move_end(__VA_ARGS__))
#define lab_window_close(...)    (LAB_HERE, lab_window_close(__VA_ARGS__))
#define lab_grow_start(...)      (LAB_HERE, lab_grow_start(__VA_ARGS__))
#define lab_cache_destroy(...)   (LAB_HERE, lab_cache_destroy(__VA_ARGS__))

#endif
