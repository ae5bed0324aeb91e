/* SPDX-License-Identifier: MIT */
/* The map of virtual addresses.  Each address is written here and nowhere else:
 * boot.S, linker.ld, C and Python (scripts/mallow/layout.py) read this file.
 *
 *     virtual                                physical
 *     0xFFC0_0000   DEVICE_WINDOW_BEGIN
 *     0xF000_0000   HEAP_WINDOW_BEGIN, at the end of the direct map
 *                                            0x3000_0000
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

/* Stage grow maps pages from here on, up to the device window. */
#define HEAP_WINDOW_BEGIN 0xF0000000
/* The last 4 MiB of addresses are for devices: one entry of the directory.  The
 * last page stays unmapped, so that a pointer just below 0 faults. */
#define DEVICE_WINDOW_BEGIN 0xFFC00000

/* Firmware and the text screen use the memory below. */
#define LOW_MEMORY_END 0x00100000
/* Where GRUB loads the image. */
#define LOAD_ADDRESS 0x00100000

#endif
