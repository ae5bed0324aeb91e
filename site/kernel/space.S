/* SPDX-License-Identifier: MIT */
/* Space for the objects that the page links at run time: the kernel of the
 * page has no student's code in it.  Linked last, so that each part lies at the
 * end of its section. */
#define TEXT_BYTES   0x30000
#define RODATA_BYTES 0x8000
#define DATA_BYTES   0x8000
#define BSS_BYTES    0x40000

.macro space name, bytes
.balign 16
.global \name\()_begin, \name\()_end
\name\()_begin:
    .skip \bytes
\name\()_end:
.endm

.section .text
    space space_text, TEXT_BYTES
.section .rodata
    space space_rodata, RODATA_BYTES
.section .data
    space space_data, DATA_BYTES
.section .bss
    space space_bss, BSS_BYTES

.section .note.GNU-stack, "", @progbits
