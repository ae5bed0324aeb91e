# SPDX-License-Identifier: MIT
"""C files made of tricks, by a small grammar.

    file    = noise* deed noise*
    deed    = payload, spelled and wrapped
    payload = an include | assembly | an attribute | a name | a pragma | nothing
    spelled = as it is | spliced lines | trigraphs | digraphs | pasted tokens
    wrapped = bare | in a comment | in a string | in #if 0 | after #else | ...
    noise   = lone quotes, comments in strings, false markers, plain C ...

Whether a payload has an effect is nothing that the grammar knows: the compiler
decides, and its object shows it.
"""
import random

BAIT = "bait.c"
BAIT_TEXT = "int fuzz_bait = 1;\n"

# {payload: what an object has only if it took effect}
PAYLOADS = {
    f'#include "{BAIT}"\n': "fuzz_bait",
    f"#include <{BAIT}>\n": "fuzz_bait",
    '__asm__("fuzz_asm = 1");\n': "fuzz_asm",
    '__asm("fuzz_asm = 1");\n': "fuzz_asm",
    "void fuzz_f(void);\nvoid fuzz_f(void)\n"
    '{ __asm__ volatile("fuzz_asm = 1"); }\n': "fuzz_asm",
    '__attribute__((section(".fuzz_s"))) int fuzz_v = 1;\n': ".fuzz_s",
    'int fuzz_v __attribute((section(".fuzz_s"))) = 1;\n': ".fuzz_s",
    'int fuzz_v(void) __asm__("fuzz_other");\nint fuzz_v(void) { return 1; }\n':
        "fuzz_other",
    "int lab_fuzz(void);\nint (*fuzz_v)(void) = lab_fuzz;\n": "lab_fuzz",
    "_Thread_local int fuzz_v = 1;\n": ".tdata",
    "int fuzz_weak = 1;\n#pragma weak fuzz_weak\n": "WEAK",
    'int fuzz_weak = 1;\n_Pragma("weak fuzz_weak")\n': "WEAK",
    "int fuzz_plain = 1;\n": None,
}

TRIGRAPHS = {"#": "??=", "[": "??(", "]": "??)", "{": "??<", "}": "??>",
             "|": "??!", "~": "??-", "\\": "??/"}
DIGRAPHS = {"#": "%:", "[": "<:", "]": ":>", "{": "<%", "}": "%>"}
PASTED = ("__asm__", "__asm", "__attribute__", "__attribute", "_Thread_local",
          "lab_fuzz")

NOISE = [
    "#if 0\n'\n#endif\n", '#if 0\n"\n#endif\n', "// don't\n", "/* \" */\n",
    'extern const char *noise_{n};\nconst char *noise_{n} = "/*";\n',
    'extern const char *noise_{n};\nconst char *noise_{n} = "*/ // \\"";\n',
    "extern const char noise_{n};\nconst char noise_{n} = '\"';\n",
    "// ??/\n", "// \\\n", "/* *\\\n/\n", "/* *??/\n/\n", "// x\\ \n",
    "#define NOISE_{n} '\n", '#define NOISE_{n} "\n', "#define NOISE_{n} /*\n*/\n",
    "int noise_{n}(void);\nint noise_{n}(void) {{ return {n}; }}\n",
    "#if 1\n#else\n'\n#endif\n", "/*//*/\n", "//*\n", "/* // */\n",
    "#line {n}\n", "\f\v\n", ";\n",
]
MARKERS = ['# 1 "src/mm/malloc/malloc.h" 1\n', '# 1 "<built-in>" 1\n',
           '#line 1 "lib/string.h"\n', '# 7 "/job/x.h" 1 3\n']


class Grammar:
    def __init__(self, seed):
        self.dice = random.Random(seed)
        self.count = 0

    def flip(self, chance):
        return self.dice.random() < chance

    # -- Spelling ---------------------------------------------------------------

    def spliced(self, text):
        """With some lines broken by a backslash, or by its trigraph."""
        return "".join(each + (self.dice.choice(["\\\n", "??/\n", "\\ \n"])
                               if self.flip(0.08) and each != "\n" else "")
                       for each in text)

    def replaced(self, text, table):
        return "".join(table[each] if each in table and self.flip(0.6) else each
                       for each in text)

    def pasted(self, text):
        """With words that a macro puts together."""
        self.count += 1
        paste = f"PASTE_{self.count}"
        for word in PASTED:
            if word in text:
                cut = self.dice.randrange(1, len(word))
                return (f"#define {paste}(a, b) a##b\n" + text.replace(
                    word, f"{paste}({word[:cut]}, {word[cut:]})"))
        return text

    def spelled(self, text):
        way = self.dice.randrange(6)
        if way == 0:
            return self.spliced(text)
        if way == 1:
            return self.replaced(text, TRIGRAPHS)
        if way == 2:
            return self.replaced(text, DIGRAPHS)
        if way == 3:
            return self.pasted(text)
        return text

    # -- Wrapping ---------------------------------------------------------------

    def wrapped(self, text):
        self.count += 1
        quoted = text.replace("\\", "\\\\").replace('"', '\\"') \
            .replace("\n", "\\n")
        ways = [
            text, text, text,
            f"/* {text}*/\n",
            f"// {text}",
            f"#if 0\n{text}#endif\n",
            f"#if 1\n{text}#else\n{text}#endif\n",
            f"#ifndef NEVER\n{text}#endif\n",
            f"#define BODY_{self.count} {quoted}\n",
            f"extern const char *text_{self.count};\n"
            f'const char *text_{self.count} = "{quoted}";\n',
            f"/* *\\\n/ {text}",
            f"/*/ */ {text}",
            f"// \\\n{text}",
            f"// ??/\n{text}",
        ]
        return self.dice.choice(ways)

    # -- A file -----------------------------------------------------------------

    def noise(self):
        self.count += 1
        return self.dice.choice(NOISE).format(n=self.count + 2) \
            if self.flip(0.9) else self.dice.choice(MARKERS)

    def file(self):
        """(text, whether it holds a false marker, active or not)."""
        payload = self.dice.choice(list(PAYLOADS))
        parts = [self.noise() for _ in range(self.dice.randrange(4))]
        parts.append(self.wrapped(self.spelled(payload)))
        parts += [self.noise() for _ in range(self.dice.randrange(3))]
        return "".join(parts), any(part in MARKERS for part in parts)
