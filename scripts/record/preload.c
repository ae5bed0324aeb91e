/* SPDX-License-Identifier: MIT */
/* Records the calls of malloc and its family in a running program.
 *
 * Loaded before libc (LD_PRELOAD), this library answers malloc, free and
 * their family in its place: each call goes on to libc, and leaves one event
 * in a log that `record` turns into a trace.
 *
 *   event:   | was | is | bytes |     three 64-bit words
 *
 *   malloc       0     new  asked       "nothing became new"
 *   realloc      old   new  asked       "old became new"
 *   free         old   0    0           "old became nothing"
 *
 *   log:     | event | event | ... | event | 0 0 0 | 0 0 0 ...
 *
 * I1: Events are in the order in which libc did the work.  One lock spans the
 *     call and its event; were it only around the event, another thread could
 *     log an address as new before its free is logged.
 * I2: An event is in the file as soon as it is written: the log is a shared
 *     mapping, so that _exit, exec and a crash lose nothing.
 * I3: One process, one log, named by its pid.  A program that exec's starts
 *     its log afresh; no descriptor stays open that it could close or meet.
 *
 * Badly done on purpose: only glibc's malloc is known (its __libc_ entry
 * points need no dlsym, which itself allocates), and alignment is not kept.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct event {
    uint64_t was;
    uint64_t is;
    uint64_t bytes;
};

/* The log is mapped a window at a time; a window is whole pages and whole
 * events. */
#define WINDOW_EVENTS 16384
#define WINDOW_BYTES  (WINDOW_EVENTS * sizeof(struct event))
_Static_assert(WINDOW_BYTES % 4096 == 0, "mmap wants whole pages");

/* The environment variable that holds the log's path, less its ".pid". */
#define LOG_NAME "MALLOW_RECORD"

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *old);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct event *window; /* NULL: none mapped yet */
static size_t window_used;   /* events in it */
static off_t window_start;   /* its place in the log, bytes */
static bool broken;          /* the log cannot be written: record no more */

/* Set while this thread works in here.  A signal handler that allocates at
 * such a moment goes straight to libc instead of waiting for itself. */
static _Thread_local bool inside;

/* Maps the window that begins at window_start. */
static struct event *window_map(const char *prefix)
{
    char path[4096];
    int flags = O_RDWR | O_CREAT | O_CLOEXEC | (window_start ? 0 : O_TRUNC);
    int length = snprintf(path, sizeof path, "%s.%d", prefix, (int)getpid());
    if (length < 0 || (size_t)length >= sizeof path)
        return NULL;
    int fd = open(path, flags, 0600);
    if (fd < 0)
        return NULL;
    void *memory = MAP_FAILED;
    if (ftruncate(fd, window_start + (off_t)WINDOW_BYTES) == 0)
        memory = mmap(NULL, WINDOW_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
                      fd, window_start);
    close(fd);
    return memory == MAP_FAILED ? NULL : memory;
}

/* Makes room for one event; false if there is nowhere to write it. */
static bool window_ready(void)
{
    if (window && window_used < WINDOW_EVENTS)
        return true;
    const char *prefix = getenv(LOG_NAME);
    if (broken || !prefix)
        return false;
    if (window) {
        munmap(window, WINDOW_BYTES);
        window_start += (off_t)WINDOW_BYTES;
    }
    window = window_map(prefix);
    window_used = 0;
    broken = !window;
    return window != NULL;
}

/* Appends "was became is".  The lock is held; errno is the program's. */
static void log_event(const void *was, const void *is, size_t bytes)
{
    int saved = errno;
    struct event event = { (uintptr_t)was, (uintptr_t)is, bytes };
    if (window_ready())
        window[window_used++] = event;
    errno = saved;
}

/* False if this thread is in here already: libc alone is to be called then. */
static bool enter(void)
{
    if (inside)
        return false;
    inside = true;
    pthread_mutex_lock(&lock);
    return true;
}

static void leave(bool entered)
{
    if (!entered)
        return;
    pthread_mutex_unlock(&lock);
    inside = false;
}

/* The common end of malloc, calloc and memalign.  A failure leaves no event. */
static void *leave_with(bool entered, void *is, size_t bytes)
{
    if (entered && is)
        log_event(NULL, is, bytes);
    leave(entered);
    return is;
}

void *malloc(size_t bytes)
{
    bool entered = enter();
    return leave_with(entered, __libc_malloc(bytes), bytes);
}

/* The product is exact where it is used: on overflow libc returned NULL. */
void *calloc(size_t count, size_t bytes)
{
    bool entered = enter();
    return leave_with(entered, __libc_calloc(count, bytes), count * bytes);
}

void *memalign(size_t alignment, size_t bytes)
{
    bool entered = enter();
    return leave_with(entered, __libc_memalign(alignment, bytes), bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    return memalign(alignment, bytes);
}

/* POSIX returns the error, and leaves errno as it was. */
int posix_memalign(void **result, size_t alignment, size_t bytes)
{
    bool power_of_two = alignment && (alignment & (alignment - 1)) == 0;
    if (!power_of_two || alignment % sizeof(void *) != 0)
        return EINVAL;
    int saved = errno;
    void *is = memalign(alignment, bytes);
    errno = saved;
    if (!is)
        return ENOMEM;
    *result = is;
    return 0;
}

/* realloc(old, 0) frees in glibc: NULL is then no failure. */
void *realloc(void *old, size_t bytes)
{
    bool entered = enter();
    void *is = __libc_realloc(old, bytes);
    if (entered && (is || (old && bytes == 0)))
        log_event(old, is, bytes);
    leave(entered);
    return is;
}

void *reallocarray(void *old, size_t count, size_t bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(old, total);
}

void free(void *old)
{
    bool entered = enter();
    if (entered && old)
        log_event(old, NULL, 0);
    __libc_free(old);
    leave(entered);
}

/* Across fork the lock is held, so that the child's copy of it is ours to open;
 * what other fork handlers allocate meanwhile goes straight to libc. */
static bool fork_entered;

static void fork_prepare(void)
{
    fork_entered = enter();
}

static void fork_parent(void)
{
    leave(fork_entered);
}

/* The child's heap is a copy, its window is not: that one is the parent's. */
static void fork_child(void)
{
    if (window)
        munmap(window, WINDOW_BYTES);
    window = NULL;
    window_start = 0;
    leave(fork_entered);
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(fork_prepare, fork_parent, fork_child);
}
