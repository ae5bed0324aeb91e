# SPDX-License-Identifier: MIT
"""The tokens of a student's file, and words that are not plain C (contract.py,
K2).

    .i of the compiler --> (file, line, row) --> words, texts, signs --> complaints

The compiler has expanded macros and joined lines, but it keeps digraphs: here
<: is [ and :> is ].
"""
import re

WORDS = {"asm", "__asm", "__asm__", "__attribute", "__attribute__",
         "__declspec", "_Pragma", "__label__", "__thread", "_Thread_local"}
BUILTINS = {"__builtin_" + name for name in
            ("clz ctz ffs expect unreachable offsetof constant_p "
             "types_compatible_p add_overflow sub_overflow mul_overflow "
             "memcpy memmove memset memcmp strlen va_start va_end va_arg "
             "va_copy va_list bswap32 bswap16").split()}

TOKEN = re.compile(r"""
      (?P<text> "(\\.|[^"\\\n])*" | '(\\.|[^'\\\n])*' )
    | (?P<word> [A-Za-z_][\w$]* )
    | (?P<number> \.?\d ([eEpP][+-]|[\w.])* )
    | (?P<blank> \s+ )
    | (?P<other> <: | :> | . )""", re.VERBOSE | re.DOTALL | re.ASCII)
DIGRAPHS = {"<:": "[", ":>": "]"}


def tokens(text):
    for match in TOKEN.finditer(text):
        if match.lastgroup != "blank":
            found = match.group(match.lastgroup)
            yield match.lastgroup, DIGRAPHS.get(found, found)


def word_complaints(own_lines):
    before = ""
    for name, line, row in own_lines:
        where = f"{name}:{line}"
        if row.lstrip().startswith(("#", "%:")):
            yield f"{where}: {row.strip()} has no place in a student's file"
            continue
        for kind, found in tokens(row):
            if kind == "word" and found in WORDS:
                yield f"{where}: {found}: plain C only"
            if (kind == "word" and found.startswith("__builtin_")
                    and found not in BUILTINS):
                yield f"{where}: {found}: not one of the builtins allowed"
            if before == "goto" and found == "*":
                yield f"{where}: a jump to a computed address"
            if before == "[" and found == "[":
                yield f"{where}: [[...]]: plain C only"
            before = found
