/* SPDX-License-Identifier: MIT */
/* setjmp for a compiler that runs once.  WebAssembly has no jump out of a
 * function.  tcc jumps for one reason only: it has printed an error, and gives
 * up this compilation.  Ending the program does the same. */
#ifndef STUB_SETJMP_H
#define STUB_SETJMP_H

#include <stdlib.h>

typedef int jmp_buf[1];

#define setjmp(buffer)         ((void)(buffer), 0)
#define longjmp(buffer, value) ((void)(buffer), exit(value))

#endif
