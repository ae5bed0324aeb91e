/* SPDX-License-Identifier: MIT */
/* Where the dynamic linker enters a program that uses a C library.  glibc and
 * musl agree about the first three arguments of __libc_start_main; the others
 * are what was once called at start and end, and glibc's end of the stack. */
.section .note.GNU-stack, "", @progbits
.text
.globl _start
_start:
    xorl    %ebp, %ebp
    movl    %esp, %ecx
    andl    $-16, %esp
    pushl   %eax
    pushl   %esp
    pushl   %edx
    pushl   $0
    pushl   $0
    leal    4(%ecx), %eax
    pushl   %eax
    pushl   (%ecx)
    pushl   $main
    call    __libc_start_main
    hlt
