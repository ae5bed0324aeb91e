/* SPDX-License-Identifier: MIT */
/* Virtual and physical addresses, frame numbers. */
#include "lib/addr.h"

/* Empty until somebody says where memory appears, so that a crossing made too
 * early is caught by the same assertion as one that goes too far. */
struct direct_map direct_map;
