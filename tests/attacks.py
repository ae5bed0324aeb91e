# SPDX-License-Identifier: MIT
"""Files that a student might hand in to get points without an allocator, to read what
is not theirs, or to keep the others from being graded.

    TEXT     the source says one thing to a reader and another to the compiler
    OBJECT   the object does more than its functions
    MEMORY   the code does something else than to allocate
    NAMES    folders of a class
    HOST     files that are something else than text
    READERS  the source makes the compiler quote a file of this computer

TEXT and OBJECT are put before the reference's malloc.c: if one is not noticed,
it gets all points.  MEMORY replaces what malloc_alloc() does.
"""
import os

LISTED = '# 1 "src/mm/malloc/malloc.h" 1\n'
BAIT = '#include "mm/zalloc/zalloc.c"\n'
INCBIN = r'.incbin \"/etc/passwd\"'
ASM = '__asm__("nop");\n'


def in_header(word, text):
    """A macro that is there while a given header is read, and no longer."""
    return (f'#define {word} {text}\n#include "mm/malloc/malloc.h"\n'
            f"#undef {word.partition('(')[0]}\n")



TEXT = {
    # -- Comments, quotes and line ends that two readers see differently
    "a lone quote before a marker": f"#if 0\n'\n#endif\n{LISTED}{BAIT}",
    "a lone double quote": f'#if 0\n"\n#endif\n{LISTED}{BAIT}',
    "a quote in a comment": f"// don't\n{BAIT}// don't\n",
    "a comment in a string": f'#define A "/*"\n{BAIT}#define B "*/"\n',
    "a string in a comment": f'/* " */\n{BAIT}/* " */\n',
    "a comment that a trigraph ends": f"/* *??/\n/\n{BAIT}/* */\n",
    "a line that a trigraph joins": f'// ??/\n\n{BAIT}',
    "a comment that a backslash ends": f"/* *\\\n/\n{BAIT}/* */\n",
    "a backslash and a blank": f"// \\ \n\n{BAIT}",
    "a directive over four lines": '#\\\ninc\\\nlu\\\nde "mm/zalloc/zalloc.c"\n',
    "a form feed": '#\finclude "mm/zalloc/zalloc.c"\n',
    "a lone carriage return": f"// x\r{BAIT}",
    "a mark of Unicode": f"\ufeff{BAIT}",
    # -- Names that are made
    "a stringified name": "#define S(x) #x\n#define T(x) S(x)\n"
                          "#include T(mm/zalloc/zalloc.c)\n",
    "angles": "#include <mm/zalloc/zalloc.c>\n",
    "import": '#import "mm/zalloc/zalloc.c"\n',
    "include_next": "#include_next <mm/zalloc/zalloc.c>\n",
    "a way around": '#include "mm/../mm/heap/../zalloc/zalloc.c"\n',
    "the file itself": "#include __FILE__\n",
    "standard input": '#include "/dev/stdin"\n',
    "a file of the kernel of Linux": '#include "/proc/self/environ"\n',
    "embed": 'const char malloc_x[] = {\n#embed "/etc/passwd"\n};\n',
    # -- False markers
    "a marker of a given header": LISTED + ASM,
    "a marker of the compiler": '# 1 "<built-in>" 1\n' + ASM,
    "a marker and a way back": f'{LISTED}# 2 "src/mm/malloc/malloc.c" 2\n{ASM}',
    "line with a macro": "#line 1 __FILE__\n" + ASM,
    "line of another file": '#line 1 "lib/string.h"\nint malloc_x;\n',
    # -- Assembly
    "top-level assembly": f'__asm__("{INCBIN}");\n',
    "assembly in a macro": "#define A(a, b) a##b\nA(__a, sm__)(\"nop\");\n",
    "assembly in a function": "void malloc_x(void);\nvoid malloc_x(void)\n"
                              '{ __asm__ volatile("cli"); }\n',
    "empty assembly": "void malloc_x(void);\nvoid malloc_x(void)\n"
                      '{ __asm__ volatile("" ::: "memory"); }\n',
    "assembly as a name": 'int malloc_x(void) __asm__("lab_fail");\n'
                          "int malloc_x(void) { return 1; }\n",
    "assembly in a name":
        f'int malloc_x __asm__("a\\n{INCBIN}\\nb");\nint malloc_x = 1;\n',
    "assembly in a section":
        f'__attribute__((section("a\\n{INCBIN}\\n#"))) int malloc_x = 1;\n',
    "a register": 'register unsigned malloc_x __asm__("esp");\n',
    "assembly by a macro in a given header":
        in_header("malloc_owns", 'malloc_x; __asm__("nop"); bool malloc_owns'),
    "assembly in a function of a given header":
        in_header("malloc_owns(x)", "malloc_owns(x); static inline void "
                  'malloc_z(void) { __asm__ volatile("cli"); }')
        + "void malloc_y(void);\nvoid malloc_y(void) { malloc_z(); }\n",
    "a file asked for in the middle of a line":
        in_header("malloc_owns", 'malloc_x; __asm__(".if 1; .INCBIN '
                  '\\"/etc/passwd\\"; .endif"); bool malloc_owns'),
    # -- Words to the compiler
    "an attribute by a macro in a given header":
        in_header("malloc_owns", "malloc_x(void) __attribute__((constructor));"
                  " bool malloc_owns"),
    "a pragma by a macro in a given header":
        in_header("malloc_owns(x)", 'malloc_owns(x); _Pragma("GCC optimize'
                  '(\\"O0\\")")'),
    "another type in a given header": in_header("size_t", "unsigned char"),
    "a pragma": '#pragma GCC optimize ("O0")\n',
    "a pragma by a macro": '#define P _Pragma("redefine_extname memcpy lab_fail"'
                           ")\nP\n",
    "a pragma that asks for a file": '#pragma GCC dependency "/etc/passwd"\n',
    "a compiled header of the host":
        '#pragma GCC pch_preprocess "/etc/passwd"\n',
    "a pragma with a digraph": "#define A %:\nA pragma weak lab_fail\n",
    "ident": '#ident "x"\n',
    "an attribute in brackets": "[[deprecated]] int malloc_x;\n",
    "an attribute in digraphs": "<:<:deprecated:>:> int malloc_x;\n",
    "an attribute in digraphs and brackets":
        "#define A [\nA<:deprecated]:> int malloc_x;\n",
    "an attribute in two macros": "#define A __attri##\n#define B(x, y) x##y\n"
                                  "B(__attribute, __)((used)) int malloc_x;\n",
    # -- More than a compiler can take
    "an array of 1 GiB": "char malloc_x[0x40000000];\n",
    "arrays around all addresses": "".join(
        f"char malloc_x{i}[31 << 20];\n" for i in range(133)),
    "a constant of 20 MiB": "const char malloc_x[20 << 20] = { 1 };\n",
    "a place at each 256 MiB": "_Alignas(1 << 28) char malloc_x[1];\n",
    "a text that doubles": '#define A0 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"\n'
                           + "".join(f"#define A{i + 1} A{i} A{i}\n"
                                     for i in range(24))
                           + "const char *malloc_x = A24;\n",
    "a name of 400,000 letters": f"void {'a' * 400000}(void);\n"
                                 f"void (*malloc_x)(void) = {'a' * 400000};\n",
    "brackets": "int malloc_x = " + "(" * 200000 + "1" + ")" * 200000 + ";\n",
    "a macro that doubles": "".join(
        f"#define A{i} A{i + 1} A{i + 1}\n" for i in range(21))
        + "#define A21 1+\nint malloc_x = A0 1;\n",
}

OBJECT = {
    "a constructor": "__attribute__((constructor)) static void f(void) {}\n",
    "a section": '__attribute__((section(".multiboot2"))) int malloc_x = 1;\n',
    "a weak symbol": "__attribute__((weak)) int malloc_x = 1;\n",
    "an alias": "int malloc_y = 1;\n"
                'extern int malloc_x __attribute__((alias("malloc_y")));\n',
    "a variable of a thread": "_Thread_local int malloc_x = 1;\n",
    "the linker's own": "extern char _GLOBAL_OFFSET_TABLE_[];\n"
                        "char *malloc_x = _GLOBAL_OFFSET_TABLE_;\n",
    "the image's end": "char _end[4];\nchar __bss_start[4];\n"
                       "char image_end[4];\n",
    "the exit port": "void cpu_exit(int);\nvoid malloc_x(void);\n"
                     "void malloc_x(void) { cpu_exit(16); }\n",
    "a call of the tests": "void lab_failed(void);\n"
                           "void (*malloc_x)(void) = lab_failed;\n",
    "the call record": "extern int call_record_append(void);\n"
                       "int (*malloc_x)(void) = call_record_append;\n",
    "another lab's function": "void *bump_alloc(unsigned, unsigned);\n"
                              "void *(*malloc_x)(unsigned, unsigned) = "
                              "bump_alloc;\n",
    "an address of the linker": "extern char heap_begin[];\n"
                                "char *malloc_x = heap_begin;\n",
    "a function of the tests": "void lab_fail(void);\nvoid lab_fail(void) {}\n",
    "the kernel's beginning": "void kernel_main(void);\n"
                              "void kernel_main(void) {}\n",
    "a common variable": "int lab_places;\n",
    "a hidden lab": "const int hidden_malloc = 1;\n",
    "the first symbol": "int _start = 1;\n",
    "the frame": "void *malloc_x(void);\nvoid *malloc_x(void)\n"
                 "{ return __builtin_frame_address(0); }\n",
    "a jump to anywhere": "void malloc_x(void *p);\nvoid malloc_x(void *p)\n"
                          "{ static void *q = &&r; q = p; goto *q; r: return; }"
                          "\n",
}

FLOOD = "#warning x\n" * 16000  # more than 1 MiB of messages

# Where the compiler runs in a plain folder, each asks it for a file, and for a message
# about that file.
READERS = {
    "an include": '#include "/etc/passwd"\n',
    "an include that was opened before a flood":
        '#include "/etc/passwd"\n' + FLOOD,
    "an include in the middle of a flood":
        f'{FLOOD}#include "/etc/passwd"\n',
    "an error in a line of the file": '#line 1 "/etc/passwd"\nint x = ;\n',
    "a message in a line of the file": '#line 1 "/etc/passwd"\n#error x\n',
    "a marker of the file": '# 1 "/etc/passwd" 1\nint x = ;\n',
    "the assembler's include": '__asm__(".include \\"/etc/passwd\\"");\n',
    "the assembler's include, by an attribute":
        '__attribute__((section("a\\n.include \\"/etc/passwd\\"\\n#")))\n'
        "int malloc_x = 1;\n",
    "bytes of the file":
        'const char malloc_x[] = {\n#embed "/etc/passwd"\n};\n',
    "bytes of the file, asked about one by one":
        '_Static_assert((\n#embed "/etc/passwd" limit(1)\n) == 114, "");\n'
        "int malloc_x = y;\n",
    "a file that never ends": '#include "/dev/ptmx"\n',
    "a compiled header": '#pragma GCC pch_preprocess "/etc/passwd"\n',
}

# These are plain C, and change nothing.
NEUTRAL = {
    "names of the grader": "static volatile char asked_line[9];\n"
                           "void *malloc_x(void);\n"
                           "void *malloc_x(void) { return (void *)asked_line; }"
                           "\n",
    "words in strings": 'const char *malloc_x = "__asm__ /* \' */";\n',
}

RETURN = "    (void)bytes, (void)alignment;\n"
# {name: (what malloc_alloc() does, what stands before it, the test)}
MEMORY = {
    "always NULL": (RETURN + "    return NULL;\n", "", "first"),
    "always the same": (
        RETURN + "    return (void *)(malloc_heap.begin + 64);\n", "", "many"),
    "never back": (
        "    static uintptr_t at;\n\n    (void)alignment;\n"
        "    at += (bytes + 7) & ~7u;\n"
        "    return (void *)(malloc_heap.begin + at - ((bytes + 7) & ~7u));\n",
        "", "reuse"),
    "the kernel's text": (RETURN + "    return (void *)0xC0101000;\n", "",
                          "first"),
    "an array of its own": (
        "    static uint64_t mine[65536];\n    static size_t at;\n\n"
        "    (void)alignment;\n    at += (bytes + 7) / 8;\n"
        "    return &mine[at];\n", "", "first"),
    "machine code that ends the machine": (
        RETURN + "    static const uint8_t code[] = { 0xB0, 0x10, 0xE6, 0xF4,"
        " 0xC3 };\n    ((void (*)(void))(uintptr_t)code)();\n"
        "    return NULL;\n", "", "first"),
    "a jump to nowhere": (
        RETURN + "    ((void (*)(void))0xFFFFFFF0u)();\n    return NULL;\n",
        "", "first"),
    "the screen of a terminal": (
        RETURN + '    panic("\\x1b[2J\\x1b]0;owned\\a\\rmalloc/first passed");\n',
        '#include "lib/panic.h"\n', "first"),
    "recursion": (
        "    volatile char page[4096];\n\n    page[0] = 1;\n"
        "    if (malloc_alloc(bytes, alignment + page[0]))\n"
        "        page[1] = 2;\n    return NULL;\n", "", "first"),
    "no end": (RETURN + "    for (;;)\n        ;\n", "", "first"),
    "printing without end": (
        RETURN + '    for (;;)\n        print("malloc/first passed\\n");\n',
        '#include "lib/print.h"\n', "first"),
    "the watchdog turned off": (
        RETURN + "    static const uint8_t code[] = { 0x66, 0xBA, 0x41, 0x04,"
        " 0xEE, 0xEB, 0xFE };\n    ((void (*)(void))(uintptr_t)code)();\n"
        "    return NULL;\n", "", "first"),
    "the processor stopped": (
        RETURN + "    static const uint8_t code[] = { 0x66, 0xBA, 0x41, 0x04,"
        " 0xEE, 0xFA, 0xF4, 0xEB, 0xFD };\n"
        "    ((void (*)(void))(uintptr_t)code)();\n    return NULL;\n",
        "", "first"),
    "the machine put to sleep": (
        RETURN + "    static const uint8_t code[] = { 0x66, 0xBA, 0x41, 0x04,"
        " 0xEE, 0x66, 0xBA, 0x04, 0x06, 0x66, 0xB8, 0x00, 0x24, 0x66, 0xEF,"
        " 0xFA, 0xF4, 0xEB, 0xFD };\n"
        "    ((void (*)(void))(uintptr_t)code)();\n    return NULL;\n",
        "", "first"),
    "code all over memory": (
        RETURN + "    volatile uint16_t *at = (volatile uint16_t *)0xC2000000u;\n"
        "    const uint32_t count = 1u << 20;\n\n"
        "    for (uint32_t i = 0; i + 1 < count; i++)\n        at[i] = 0x00EB;\n"
        "    at[count - 1] = 0xFEEB;\n    ((void (*)(void))(uintptr_t)at)();\n"
        "    return NULL;\n", "", "first"),
    "all of memory": (
        "    (void)alignment;\n    for (uintptr_t at = 0xC0800000u; bytes; "
        "at += 4)\n        *(volatile uint32_t *)at = 0;\n    return NULL;\n",
        "", "first"),
}
# Only `make test-all` tries these.
SLOW = {"an include that was opened before a flood", "a file that never ends",
        "the watchdog turned off", "printing without end", "recursion",
        "no end", "always the same", "always NULL", "never back",
        "the kernel's text", "the processor stopped",
        "the machine put to sleep", "code all over memory",
        "a jump to nowhere", "a text that doubles",
        "a place at each 256 MiB", "a constant of 20 MiB"}

NAMES = [
    b"\xff\xfe", b"n" * 254, b"ada", b"ada.log", b"tests.json", b"scores.csv",
    b"-rf", b"--lab=heap", b"it's", b'say "x"', b"$(touch owned)", b"`id`; ls",
    b"a\nb", b"a\tb", b"\x1b[2J", b"=1+1", b"@SUM(A1)", b"+1",
    b"<b>x", b" ", b"..a", "Größe".encode(),
    "a\u202eb".encode(), b"ADA"]


def make_host(folder, honest):
    """A class of files that are not what they seem; {name: its reason}."""
    def place(name):
        (folder / name).mkdir(parents=True)
        return folder / name / "malloc.c"

    place("link").symlink_to(honest)
    os.mkfifo(place("pipe"))
    place("folder").mkdir()
    place("huge").write_bytes(b" " * 600000)
    place("empty").write_bytes(b"")
    place("utf16").write_bytes("int x;\n".encode("utf-16"))
    place("nul").write_bytes(b"int x;\0\n")
    (folder / "top").symlink_to(honest.parent)
    (folder / "file").write_text("x")
    (folder / "ann.zip").write_bytes(b"PK")
    (place("packed").parent / "hand-in.tar.gz").write_bytes(b"x")
    (folder / "hole").mkdir()
    return {"link": "symbolic link", "pipe": "plain file",
            "folder": "no files", "huge": "at most", "empty": "is empty",
            "utf16": "UTF-16", "nul": "NUL", "top": "symbolic link",
            "file": "not a directory", "ann.zip": "archive",
            "packed": "not unpacked", "hole": "no files"}
