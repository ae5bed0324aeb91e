/* SPDX-License-Identifier: MIT */
#include "lib/panic.h"

uintptr_t panic_place;
