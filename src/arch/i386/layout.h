/* SPDX-License-Identifier: MIT */
/* The few addresses that more than one language must know: boot.S, linker.ld,
 * C and Python (scripts/mallow/i386.py) all read them here.
 *
 *     virtual                                physical
 *     0xF000_0000   end of the direct map    0x3000_0000
 *     0xC010_0000   the kernel image         0x0010_0000   LOAD_ADDRESS
 *     0xC000_0000   KERNEL_BASE              0x0000_0000
 *
 * Each line is "#define NAME number" without a suffix, so that every reader
 * understands it.
 */
#ifndef ARCH_I386_LAYOUT_H
#define ARCH_I386_LAYOUT_H

/* Where physical address 0 appears: all physical memory up to DIRECT_MAP_BYTES
 * (768 MiB) is mapped from here on. */
#define KERNEL_BASE      0xC0000000
#define DIRECT_MAP_BYTES 0x30000000

/* Firmware and the text screen use what is below. */
#define LOW_MEMORY_END 0x00100000
/* Where GRUB loads the image. */
#define LOAD_ADDRESS 0x00100000

#endif
