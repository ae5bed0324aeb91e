/* SPDX-License-Identifier: MIT */
/* Semaphores for a program with one thread: never contended. */
#ifndef STUB_SEMAPHORE_H
#define STUB_SEMAPHORE_H

typedef int sem_t;

static inline int sem_init(sem_t *semaphore, int shared, unsigned value)
{
    (void)semaphore, (void)shared, (void)value;
    return 0;
}

static inline int sem_wait(sem_t *semaphore)
{
    (void)semaphore;
    return 0;
}

static inline int sem_post(sem_t *semaphore)
{
    (void)semaphore;
    return 0;
}

#endif
