/* SPDX-License-Identifier: MIT */
/* The configuration of tcc: a cross compiler for i386 with no headers of its
 * own.  The page gives it every file that it may read. */
#define TCC_VERSION       "0.9.27"
#define CONFIG_TCCDIR     "/tcc"
#define CONFIG_TCC_STATIC 1
/* tcc -m64 starts another tcc.  There is no other program here. */
#define execvp(program, arguments) ((void)(arguments), -1)
