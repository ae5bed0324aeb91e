/* SPDX-License-Identifier: MIT */
/* The version of Mallow.  The boot log and `make help` print it; CHANGELOG.md
 * says what changed. */
#ifndef BOOT_VERSION_H
#define BOOT_VERSION_H

#define MALLOW_VERSION "1.0.0"

#endif
