/* SPDX-License-Identifier: MIT */
/* Where Linux enters a program that has no C library: argc at the top of the
 * stack, argv after it. */
.section .note.GNU-stack, "", @progbits
.text
.globl _start
_start:
    xorl    %ebp, %ebp
    movl    %esp, %ecx
    andl    $-16, %esp
    subl    $8, %esp
    leal    4(%ecx), %eax
    pushl   %eax
    pushl   (%ecx)
    call    main
    pushl   %eax
    call    leave
