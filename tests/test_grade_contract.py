# SPDX-License-Identifier: MIT
"""The contract of a student's file: the checks before and after compiling."""
import re
from pathlib import Path

import pytest

from mallow import labs
from mallow.elf import Elf
from mallow.grade import contract, grade, student_compiler, student_files
from mallow.grade.build import Kit
from mallow.grade.student_files import Refused
from mallow.project import ROOT

NAME = "src/mm/malloc/malloc.c"


@pytest.fixture(scope="module")
def kit():
    return Kit()


@pytest.fixture
def taken():
    """A folder in this tree, as grading has it."""
    with grade.workshop() as folder:
        yield Path(folder)


@pytest.fixture
def said(kit, taken):
    """said(text): all that is found wrong with a malloc.c, apart from what it
    does not have."""
    lab, = labs.resolve("malloc")

    def look(text):
        raw = text if isinstance(text, bytes) else text.encode()
        made = taken / "made.o"
        try:
            own = {NAME: student_files.as_text(raw, NAME)}
            compiled = kit.compiler.compile(lab, own, NAME, made)
        except Refused as refused:
            return str(refused)
        return "\n".join([
            *contract.complaints(lab, NAME, compiled),
            *contract.object_complaints(NAME, made,
                                        kit.names - kit.defined_by(NAME),
                                        lab.files[NAME].calls)])

    return look


def test_every_reference_keeps_its_contract(kit, taken):
    for lab in labs.table():
        made = kit.students(ROOT, lab, taken)
        assert set(made) == set(lab.sources)


def test_plain_c_is_welcome(said):
    assert said('#include "mm/malloc/malloc.h"\n#include <stdint.h>\n'
                "static int twice(int a) { return 2 * a; }\n"
                "int malloc_twice(int a);\n"
                "int malloc_twice(int a) { char s[4] = \"asm\"; "
                "return twice(a) + s[0]; }\n") == ""


INCLUDES = {
    "another lab's solution": '#include "mm/zalloc/zalloc.c"\n',
    "the reference itself": '#include "../../../src/mm/malloc/malloc.c"\n',
    "an absolute path": '#include "/etc/passwd"\n',
    "standard input": '#include "/dev/stdin"\n',
    "a name made by a macro": '#define X "mm/zalloc/zalloc.c"\n#include X\n',
    "a comment in between": '#/**/include/**/"mm/zalloc/zalloc.c"\n',
    "a line that goes on": '#incl\\\nude "mm/zalloc/zalloc.c"\n',
    "a trigraph": '??=include "mm/zalloc/zalloc.c"\n',
    "a digraph": '%:include "mm/zalloc/zalloc.c"\n',
    "a byte order mark": b'\xef\xbb\xbf#include "mm/zalloc/zalloc.c"\n',
    "a header of the processor": '#include "arch/i386/cpu.h"\n',
    "a private header of the tests": '#include "labtest/call_record.h"\n',
    "a header of the host": "#include <stdio.h>\n",
    "once more": '#include_next "mm/zalloc/zalloc.c"\n',
    "a lone quote, and a false line marker":
        "#if 0\n'\n#endif\n# 1 \"src/mm/malloc/malloc.h\" 1\n"
        '#include "mm/zalloc/zalloc.c"\n',
}


@pytest.mark.parametrize("text", INCLUDES.values(), ids=INCLUDES)
def test_includes(said, text):
    assert "in the lab's contract" in said(text)


def test_a_header_that_a_given_one_opens(said):
    """It can be read anyway, and yet it is not on the lab's list."""
    assert "it lists" in said('#include "lib/number.h"\n')


WORDS = {
    "asm": ('void f(void);void f(void) { __asm__("hlt"); }\n', "plain C"),
    "asm at the top": ('__asm__(".incbin \\"/etc/passwd\\"");\n',
                       "plain C"),
    "asm that does not assemble": ('__asm__("nonsense");\n', "plain C"),
    "an attribute in digraphs": ("<:<:deprecated:>:> int malloc_x;\n",
                                 "plain C"),
    "asm by a macro": ('#define J(a, b) a##b\nJ(__as, m__)("hlt");\n',
                       "plain C"),
    "asm over two lines": ('__as\\\nm__("hlt");\n', "plain C"),
    "a register": ('register int x __asm__("esp");\n', "plain C"),
    "a constructor": ("__attribute__((constructor)) static void f(void) {}\n",
                      "plain C"),
    "a section": ('__attribute__((section(".text"))) int malloc_x = 1;\n',
                  "plain C"),
    "a pragma": ("#pragma GCC optimize (\"O0\")\n", "#pragma"),
    "_Pragma": ('_Pragma("weak lab_fail")\nint malloc_x;\n', "#pragma"),
    "a line of another file": ('#line 1 "src/lib/string.c"\nint malloc_x;\n',
                               "#line"),
    "a computed goto": ("void f(void);void f(void) { void *p = &&x; goto *p;"
                        " x: return; }\n", "computed"),
    "longjmp": ("void f(void **p);void f(void **p) { __builtin_longjmp(p, 1);"
                " }\n", "__builtin_longjmp"),
    "the frame": ("void *f(void);void *f(void) { "
                  "return __builtin_frame_address(0); }\n",
                  "__builtin_frame_address"),
    "a variable of a thread": ("_Thread_local int malloc_x = 1;\n", "plain C"),
    "a NUL": (b"int x;\0int y;\n", "NUL"),
    "nothing": ("\n", "is empty"),
    "UTF-16": ("int x;\n".encode("utf-16"), "UTF-16"),
}


@pytest.mark.parametrize("text, expected", WORDS.values(), ids=WORDS)
def test_words(said, text, expected):
    assert re.search(expected, said(text))


HARMLESS = {
    "words in comments and strings": (
        "/* __asm__ ' */ // __attribute__ \"\n"
        'const char *malloc_x = "__asm__(\\"hlt\\") /*";\n'
        "const char malloc_y = '\"';\n"),
    "words that are not compiled": '#if 0\n__asm__("hlt"); it\'s\n#endif\n'
                                   "int malloc_x;\n",
    "a word that a macro takes apart": "#define __asm__(x) int malloc_x\n"
                                       '__asm__("hlt");\n',
    "trigraphs and digraphs": "int malloc_x??(2??) = <% 1, 2 %>;\n",
    "a line that goes on": "int malloc_\\\nx;\n",
    "line ends of DOS": b"int malloc_x;\r\nint malloc_y;\r\n",
    "bytes that are not UTF-8": b"/* \xe4\xf6\xfc */ int malloc_x;\n",
    "line numbers": "#line 7\nint malloc_x;\n",
    "31 KiB of escapes": 'const char *malloc_x = "' + '\\"' * 15000 + '";\n',
    "every function of an offered header": (
        '#include "lib/bitmap.h"\nsize_t malloc_x(struct bitmap *b);\n'
        "size_t malloc_x(struct bitmap *b)\n{\n"
        "    return bitmap_find_set(b, 0);\n}\n"),
}


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_what_is_harmless_is_taken(said, text):
    assert said(text) == ""


def test_what_the_host_has_cannot_be_asked(kit, said):
    """An answer would be an error."""
    if kit.compiler.sandbox.kind == "folder":
        pytest.skip("neither bubblewrap nor chroot works here")
    for path in ("/etc/passwd", "/usr/include/stdio.h", str(ROOT / NAME),
                 "/proc/self/maps"):
        assert said(f'#if __has_include("{path}")\n#error there\n#endif\n'
                    "int malloc_x;\n") == "", path


@pytest.mark.parametrize("text, expected", [
    # Time or depth, whichever limit is met first.
    ('#include "malloc.c"\n#include "malloc.c"\n',
     "compiling takes more than|nested depth 200 exceeds"),
    ("#define A B B B B B B B B B B\n#define B C C C C C C C C C C\n"
     "#define C D D D D D D D D D D\n#define D E E E E E E E E E E\n"
     "#define E F F F F F F F F F F\n#define F G G G G G G G G G G\n"
     "#define G H H H H H H H H H H\n#define H 1 +\nint malloc_x = A 1;\n", "MiB")],
    ids=["itself", "macros"])
def test_what_makes_the_compiler_explode(said, text, expected):
    assert re.search(expected, said(text))


SYMBOLS = {
    "the exit port": ("void cpu_exit(int);void malloc_f(void);\n"
                      "void malloc_f(void) { cpu_exit(16); }\n", "cpu_exit"),
    "the call record": (
        "int call_record_append(void);int malloc_f(void);\n"
        "int malloc_f(void) { return call_record_append(); }\n",
        "call_record_append"),
    "the places of a test": ("extern int lab_places;int *malloc_f(void);\n"
                             "int *malloc_f(void) { return &lab_places; }\n",
                             "lab_places"),
    "a function of the tests": ("void lab_fail(void);\n"
                                "void lab_fail(void) {}\n", "belongs"),
    "a lab that is not there": ("const int hidden_frames = 1;\n",
                                "belongs"),
    "lib": ("void memcpy(void);void memcpy(void) {}\n", "belongs"),
    "the linker's": ("int text_begin = 1;\n", "belongs"),
    "the layer above": ("void *kmalloc(unsigned);void *malloc_f(void);\n"
                        "void *malloc_f(void) { return kmalloc(8); }\n",
                        "kmalloc is not among"),
}


@pytest.mark.parametrize("text, expected", SYMBOLS.values(), ids=SYMBOLS)
def test_symbols(said, text, expected):
    assert re.search(expected, said(text))


@pytest.mark.parametrize("lab", labs.table(), ids=lambda lab: lab.name)
def test_what_a_header_offers_may_be_called(kit, lab):
    """All functions of the kernel that a listed header declares, but for the
    kmalloc layer."""
    for contract_of_file in lab.files.values():
        for header in contract_of_file.includes:
            text = re.sub(r"/\*.*?\*/", "", (ROOT / "src" / header).read_text(),
                          flags=re.DOTALL)
            offered = {name for name in re.findall(r"\b\w+\b(?=\()", text)
                       if name in kit.names} - labs.CALL_BACK
            assert offered <= contract_of_file.calls | contract.COMPILERS


def test_a_bit_that_is_set_may_be_searched_for_in_lab_1():
    frames, = labs.resolve("frames")
    assert "bitmap_find_set" in frames.files["src/mm/frames/frames.c"].calls


def test_a_function_with_another_name(kit, taken, tmp_path):
    text = (ROOT / NAME).read_text(encoding="utf-8")
    (tmp_path / "malloc.c").write_text(text.replace("malloc_init",
                                                    "malloc_begin"))
    with pytest.raises(Refused) as caught:
        kit.students(tmp_path, labs.resolve("malloc")[0], taken)
    assert "malloc_init is missing" in str(caught.value)
    assert "malloc_begin" in str(caught.value)


@pytest.mark.parametrize("text, expected", [
    ("out/x.o: OWN/a.c \\\n  GIVEN/b.h\n", None),
    ("out/x.o: OWN/a.c /etc/passwd\n", "/etc/passwd is not"),
    ("out/x.o: OWN/a.c \\\n  OWN/a\\ b\n", "is not in the lab"), ("", None)])
def test_files_that_only_the_list_of_dependencies_names(tmp_path, text, expected):
    """clang 19 and gcc 15 open files for #embed."""
    job = student_compiler.Job(tmp_path)
    job.put(job.own, {"a.c": b""})
    job.put(job.given, {"b.h": b""})
    (tmp_path / "out").mkdir()
    (tmp_path / student_compiler.DEPENDENCIES).write_text(
        text.replace("OWN", job.own).replace("GIVEN", job.given))
    check = student_compiler.StudentCompiler._check_dependencies
    if expected is None:
        check(job)
        return
    with pytest.raises(Refused) as caught:
        check(job)
    assert expected in str(caught.value)


# -- Headers that students write -----------------------------------------------

MAPS = "src/mm/armour/armour_maps.h"


@pytest.fixture
def maps_with(kit, taken, tmp_path):
    """maps_with(text): what is said of lab 7 with `text` before the
    last line of one header; "" if nothing."""
    lab, = labs.resolve("armour")

    def look(text):
        for file in lab.files:
            whole = (ROOT / file).read_text(encoding="utf-8")
            if file == MAPS:
                head, endif, _ = whole.rpartition("#endif")
                whole = f"{head}{text}\n{endif}\n"
            (tmp_path / Path(file).name).write_text(whole, encoding="utf-8")
        try:
            made = kit.students(tmp_path, lab, taken)
        except Refused as refused:
            return str(refused)
        assert set(made) == set(lab.sources)
        return ""

    return look


def test_all_that_include_a_header_are_compiled_with_it(kit):
    for lab in labs.table():
        headers = [name for name in lab.files if name.endswith(".h")]
        including = {
            str(path.relative_to(ROOT).with_suffix(".c")).replace(
                str(kit.folder), "src", 1)
            for path in (ROOT / kit.folder).rglob("*.d") if any(
                name in path.read_text(encoding="utf-8").split()
                for name in headers)}
        # An older build leaves objects of sources that are gone.
        including = {name for name in including if (ROOT / name).exists()}
        assert including - set(lab.files) == set(lab.includers), lab.name


def test_plain_functions_in_a_header(maps_with):
    assert maps_with("static inline uint32_t half(uint32_t a)\n"
                     "{\n    return a / 2;\n}\n") == ""


HEADERS = {
    "a macro": ("#define noinline constructor", "beside"),
    "a macro with nothing in it": ("#define static", "beside"),
    "no more macro": ("#undef bool", "beside"),
    "a macro that a condition hides": (
        "#ifdef MM_GROW_GROW_H\n#define static\n#endif", "beside"),
    "asm": ('static inline void f(void) { __asm__("hlt"); }', "plain C"),
    "an include": ('#include "mm/armour/armour_arena.h"', "contract"),
    "another lab's function": (
        "void *malloc_alloc(size_t bytes, size_t alignment);\n"
        "void *(*armour_taker)(size_t, size_t) = malloc_alloc;",
        "malloc_alloc"),
    "a name of the kernel": ("int lab_places;", "belongs"),
    "what does not compile": ("int x = ;", "does not compile"),
}


@pytest.mark.parametrize("text, expected", HEADERS.values(), ids=HEADERS)
def test_headers(maps_with, text, expected):
    assert expected in maps_with(text)


# -- ELF ----------------------------------------------------------------------

def test_where_an_objects_code_lies(kit):
    part = Elf(ROOT / kit.object_of(NAME))
    (begin, size), = kit.elf.code_from(part)
    address = kit.elf.address("malloc_alloc")
    assert begin <= address < begin + size
    assert kit.elf.function_at(begin + size - 1)
    assert not begin <= kit.elf.address("kmalloc") < begin + size
