/* SPDX-License-Identifier: MIT */
/* Whether a stage's own checker finds the allocator sound (lab.h:
 * lab_expect_sound). */
#ifndef LABTEST_SOUNDNESS_H
#define LABTEST_SOUNDNESS_H

#include "lib/violation.h"

/* A test begins: nothing has been started, so nothing can be checked. */
void soundness_forget(void);
/* The lab's allocator is in force from now on, with nothing allocated. */
void soundness_started(void);
/* The test itself has written where only the allocator may. */
void soundness_damaged(void);
/* The checker's answer; SOUND before a stage was started. */
struct violation soundness_violation(void);

#endif
