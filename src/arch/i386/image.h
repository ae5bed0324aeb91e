/* SPDX-License-Identifier: MIT */
/* The ends of the parts of the kernel image.
 *
 * linker.ld defines these symbols and draws the image.  A symbol is a place,
 * not a variable: only its address means something.  Every end is exclusive.
 */
#ifndef ARCH_I386_IMAGE_H
#define ARCH_I386_IMAGE_H

extern const char image_begin[], image_end[];
extern const char text_begin[], text_end[];
extern const char rodata_begin[], rodata_end[];
/* A page that is never mapped, directly below the stack. */
extern const char stack_guard_begin[], stack_guard_end[];
/* Where the stack starts; it grows down from here. */
extern const char stack_end[];
/* The 2 MiB that stage heap and its followers allocate from. */
extern const char heap_begin[], heap_end[];

#endif
