/* SPDX-License-Identifier: MIT */
/* From GRUB to C.
 *
 * GRUB enters _start in 32-bit protected mode with flat segments, paging off
 * and interrupts off; eax holds the Multiboot2 magic and ebx the physical
 * address of the information structure.  esp, gdtr and idtr are not to be used
 * (Multiboot2 specification 1.6, "I386 machine state").
 *
 * The kernel is linked at 0xC000_0000 and up, so the first thing it needs is
 * paging.  The first directory is made of 4 MiB pages, because those need no
 * page tables:
 *
 *     entry 0          0x0000_0000 -> 0    for the next few instructions only
 *     entries 768-959  0xC000_0000 -> 0    the direct map, 768 MiB of it
 *
 * Entry 0 is taken away as soon as the kernel runs high (cpu.c): from then on
 * a null pointer faults.
 */
#include "arch/i386/layout.h"

#define MULTIBOOT2_HEADER_MAGIC 0xE85250D6
#define MULTIBOOT2_I386         0
#define LARGE_PAGE              0x400000
#define FIRST_HIGH_ENTRY        (KERNEL_BASE / LARGE_PAGE)
#define DIRECT_MAP_ENTRIES      (DIRECT_MAP_BYTES / LARGE_PAGE)
#define PRESENT_WRITABLE_LARGE  0x83
#define CR0_PAGING              0x80000000
#define CR0_WRITE_PROTECT       0x00010000
#define CR4_PAGE_SIZE_EXTENSION 0x00000010

    .section .multiboot2, "a"
    .balign 8
header:
    .long MULTIBOOT2_HEADER_MAGIC
    .long MULTIBOOT2_I386
    .long header_end - header
    .long -(MULTIBOOT2_HEADER_MAGIC + MULTIBOOT2_I386 + (header_end - header))
    /* Modules on page borders, so that each has its frames to itself. */
    .short 6, 0
    .long 8
    /* A screen of pixels will do, too; optional.  Without this tag a machine
     * with UEFI would show nothing; with a BIOS, grub.cfg asks for text. */
    .short 5, 1
    .long 20
    .long 1024, 768, 32                 /* width, height, bits of a pixel */
    .balign 8
    /* No more wishes. */
    .short 0, 0
    .long 8
header_end:

    /* The debugger unwinds by these notes; the top of the stack is where no
     * further caller exists. */
    .cfi_sections .debug_frame

    .section .boot, "ax"
    .global _start
    .type _start, @function
_start:
    .cfi_startproc
    .cfi_undefined eip
    cld
    movl %eax, %esi                     /* magic and information outlive */
    movl %ebx, %edi                     /* the next lines in esi and edi */

    /* Physical address of the directory: we run low, it is linked high. */
    movl $(boot_directory - KERNEL_BASE), %ebx
    movl $PRESENT_WRITABLE_LARGE, %eax
    movl %eax, (%ebx)
    xorl %ecx, %ecx
1:  movl %eax, FIRST_HIGH_ENTRY * 4(%ebx, %ecx, 4)
    addl $LARGE_PAGE, %eax
    incl %ecx
    cmpl $DIRECT_MAP_ENTRIES, %ecx
    jb 1b

    movl %cr4, %eax                     /* 4 MiB pages must be allowed */
    orl $CR4_PAGE_SIZE_EXTENSION, %eax  /* before they are met */
    movl %eax, %cr4
    movl %ebx, %cr3
    movl %cr0, %eax                     /* write protect: read-only pages */
    orl $(CR0_PAGING | CR0_WRITE_PROTECT), %eax /* bind the kernel, too */
    movl %eax, %cr0

    movl $high, %eax                    /* an absolute jump: right wherever */
    jmp *%eax                           /* this stub was linked */
    .cfi_endproc
    .size _start, . - _start

    .text
    .type high, @function
high:
    .cfi_startproc
    .cfi_undefined eip
    movl $stack_end, %esp
    xorl %ebp, %ebp                     /* ends the chain of frames */
    pushl %edi
    pushl %esi
    call kernel_main
1:  hlt
    jmp 1b
    .cfi_endproc
    .size high, . - high

    .bss
    .balign 4096
    .global boot_directory
boot_directory:
    .skip 4096

    .section .note.GNU-stack, "", @progbits
