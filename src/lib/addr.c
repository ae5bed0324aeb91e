/* SPDX-License-Identifier: MIT */
/* Virtual and physical addresses, frame numbers. */
#include "lib/addr.h"

/* Empty until kernel_main() or a host test sets it, so that the same assertion
 * catches a conversion that is too early and one that is out of range. */
struct direct_map direct_map;
