/* SPDX-License-Identifier: MIT */
/* Explains an address by its value alone.
 *
 *     0x0000_0000   a null pointer, or a field of one
 *     0x0000_0bad   the answer of a function that is not written yet
 *     0x6f6c_6c65   "ello": characters written over a pointer
 *     0xdddd_dddd   a pointer read from freed memory (lib/poison.h)
 *     below 3 GiB   a physical address used as a pointer
 *     the image     code and constants; the page below the stack
 */
#include "arch/i386/place.h"

#include "arch/i386/image.h"
#include "lib/addr.h"
#include "lib/poison.h"
#include "lib/print.h"
#include "lib/stage.h"

#include <stddef.h>

#define NEAR_BYTES 64u /* a field of a small struct */
#define PUSH_BYTES \
    64u /* what a fault near the guard page has still to push \
         */

static bool in_stack_guard(uintptr_t address)
{
    return address >= (uintptr_t)stack_guard_begin &&
           address < (uintptr_t)stack_guard_end;
}

bool place_stack_is_full(uintptr_t esp)
{
    return esp >= (uintptr_t)stack_guard_begin &&
           esp < (uintptr_t)stack_guard_end + PUSH_BYTES;
}

bool place_is_code(uintptr_t address)
{
    return address >= (uintptr_t)text_begin && address < (uintptr_t)text_end;
}

/* E8 and 4 bytes of distance; FF and a byte that selects call (Intel SDM
 * volume 2, CALL), with up to 4 bytes of address after it. */
static bool ends_with_call(const uint8_t *end)
{
    if (end[-5] == 0xE8)
        return true;
    for (unsigned bytes = 2; bytes <= 6; bytes++) {
        if (end[-(int)bytes] == 0xFF && (end[1 - (int)bytes] & 0x38) == 0x10)
            return true;
    }
    return false;
}

bool place_is_on_stack(uintptr_t address)
{
    return address % sizeof(uintptr_t) == 0 &&
           address >= (uintptr_t)stack_guard_end &&
           address <= (uintptr_t)stack_end - sizeof(uintptr_t);
}

bool place_follows_call(uintptr_t esp)
{
    uintptr_t word;

    if (!place_is_on_stack(esp))
        return false;
    word = *(const uintptr_t *)esp;
    return place_is_code(word) && word - (uintptr_t)text_begin >= 6 &&
           ends_with_call((const uint8_t *)word);
}

static bool is_constant(uintptr_t address)
{
    return address >= (uintptr_t)text_begin && address < (uintptr_t)rodata_end;
}

static bool is_text(uint32_t word)
{
    for (; word != 0; word >>= 8) {
        if ((word & 0xFF) < ' ' || (word & 0xFF) > '~')
            return false;
    }
    return true;
}

static const char *describe(uintptr_t address, uintptr_t esp)
{
    if (address - (uintptr_t)NOT_WRITTEN < NEAR_BYTES)
        return "is what a function answers that is not written yet";
    if (address < PAGE_BYTES)
        return "lies in the first page: a null pointer, or a field of one";
    if (poison_name(address))
        return poison_name(address);
    if (in_stack_guard(address))
        return place_stack_is_full(esp)
                   ? "is the guard page below the stack: the stack is full"
                   : "is the guard page below the stack, which has room left:\n"
                     "  a wild pointer, or an array on the stack overrun";
    if (is_constant(address))
        return "lies in the kernel's code or constants, which are read-only";
    if (is_text((uint32_t)address) && address > direct_map.bytes)
        return "reads as text: were characters written over a pointer?";
    if (address < direct_map.base)
        return "lies below the kernel, where nothing is mapped:\n"
               "  a physical address used as a pointer?";
    return NULL;
}

void place_print(uintptr_t address, uintptr_t esp)
{
    const char *what = describe(address, esp);

    if (what)
        print("0x%08lx %s\n", (unsigned long)address, what);
}
