/* SPDX-License-Identifier: MIT */
/* The call that is counted, and functions whose length is known.  In assembly
 * because the two reads have to stand right around the call, whatever a
 * compiler would like to do there. */
.section .note.GNU-stack, "", @progbits
.text

/* uint32_t call_counted(function, first, second, result)
 *
 *     mov  (count), before   -- read
 *     call function             1
 *       ...                     the callee, with its ret
 *     sub  (count), before   -- read: counts itself
 *
 * So the difference is the callee's length and two. */
.globl call_counted
.type call_counted, @function
call_counted:
    pushl   %ebp
    movl    %esp, %ebp
    pushl   %ebx
    pushl   %esi
    pushl   %edi
    subl    $12, %esp
    andl    $-16, %esp          /* as compilers expect it at a call */
    movl    12(%ebp), %eax
    movl    %eax, (%esp)
    movl    16(%ebp), %eax
    movl    %eax, 4(%esp)
    movl    8(%ebp), %eax
    movl    instruction_count, %ebx
    movl    (%ebx), %esi
    call    *%eax
    subl    (%ebx), %esi
    movl    20(%ebp), %edx
    movl    %eax, (%edx)
    movl    %esi, %eax
    negl    %eax
    leal    -12(%ebp), %esp
    popl    %edi
    popl    %esi
    popl    %ebx
    popl    %ebp
    ret

.globl known_1, known_5, known_loop, known_rep
known_1:
    ret

known_5:
    nop
    nop
    nop
    nop
    ret

known_loop:
    movl    4(%esp), %ecx
1:  decl    %ecx
    jnz     1b
    ret

known_rep:
    movl    %edi, %edx
    movl    $scratch, %edi
    movl    4(%esp), %ecx
    xorl    %eax, %eax
    cld
    rep stosb
    movl    %edx, %edi
    ret

.bss
.lcomm scratch, 4096
