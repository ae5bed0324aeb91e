# SPDX-License-Identifier: MIT
"""What a student's file may contain: the checks before and after compiling."""
from pathlib import Path

import pytest

from mallow import labs
from mallow.grade import contract as grade_contract
from mallow.grade import grade, student_files
from mallow.elf import Elf
from mallow.grade.build import Kit
from mallow.grade.student_files import Refused
from mallow.project import ROOT

NAME = "src/mm/malloc/malloc.c"


@pytest.fixture(scope="module")
def kit():
    return Kit()


@pytest.fixture(scope="module")
def contract():
    lab, = labs.resolve("malloc")
    return lab.files[NAME]


@pytest.fixture
def said(kit, contract, tmp_path):
    """said(text): all that is found wrong with a file."""
    def look(text):
        path = tmp_path / NAME
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        found = grade_contract.source_complaints(path, NAME, contract,
                                                 kit.compiler)
        if found:
            return "\n".join(found)
        made = tmp_path / "made.o"
        done = kit.compiler(["-c", str(path), "-o", str(made)])
        assert done.returncode == 0, done.stderr
        return "\n".join(grade_contract.check_object(
            made, NAME, kit.others(NAME), contract))

    return look


def test_every_reference_keeps_its_contract(kit):
    for lab in labs.table():
        found = []
        for file, rules in lab.files.items():
            found += grade_contract.source_complaints(ROOT / file, file, rules,
                                                      kit.compiler)
        for file in lab.sources:
            found += grade_contract.check_object(
                ROOT / kit.object_of(file), file, kit.others(file),
                lab.files.get(file) or kit.contract_of(lab, file))
        assert not found, (lab.name, found)


def test_plain_c_is_welcome(said):
    assert said('#include "mm/malloc/malloc.h"\n#include <stdint.h>\n'
                "static int twice(int a) { return 2 * a; }\n"
                "int malloc_twice(int a);\n"
                "int malloc_twice(int a) { char s[4] = \"asm\"; "
                "return twice(a) + s[0]; }\n") == ""


INCLUDES = {
    "another lab's solution": '#include "mm/zalloc/zalloc.c"\n',
    "the reference itself": '#include "../../src/mm/malloc/malloc.c"\n',
    "an absolute path": '#include "/etc/passwd"\n',
    "standard input": '#include "/dev/stdin"\n',
    "a name made by a macro": '#define X "mm/zalloc/zalloc.c"\n#include X\n',
    "a comment in between": '#/**/include/**/"mm/zalloc/zalloc.c"\n',
    "a line that goes on": '#incl\\\nude "mm/zalloc/zalloc.c"\n',
    "a processor header": '#include "arch/i386/cpu.h"\n',
    "a private header of the tests": '#include "labtest/call_record.h"\n',
}


@pytest.mark.parametrize("text", INCLUDES.values(), ids=INCLUDES)
def test_includes(said, text):
    assert "in the lab's contract" in said(text) or "as it is" in said(text)


WORDS = {
    "asm": ('void f(void);void f(void) { __asm__("hlt"); }\n', "plain C"),
    "asm at the top": ('__asm__(".incbin \\"/etc/passwd\\"");\n', "plain C"),
    "asm by a macro": ('#define J(a, b) a##b\nJ(__as, m__)("hlt");\n',
                       "plain C"),
    "asm over two lines": ('__as\\\nm__("hlt");\n', "plain C"),
    "a constructor": ("__attribute__((constructor)) static void f(void) {}\n",
                      "plain C"),
    "a section": ('__attribute__((section(".text"))) int malloc_x = 1;\n',
                  "plain C"),
    "a C23 attribute": ("[[gnu::constructor]] void f(void);\n", "[["),
    "a pragma": ("#pragma GCC optimize (\"O0\")\n", "#pragma"),
    "_Pragma": ('_Pragma("weak lab_fail")\nint malloc_x;\n', "#pragma"),
    "a line of its own": ('#line 1 "src/labtest/call_record.c"\n', "#line"),
    "embed": ('#embed "/etc/passwd"\n', "#embed"),
    "include_next": ("#include_next <stdint.h>\n", "#include_next"),
    "a trigraph": ('??=include "mm/zalloc/zalloc.c"\n', "trigraph"),
    "a digraph": ('%:include "mm/zalloc/zalloc.c"\n', "digraph"),
    "a computed goto": ("void f(void);void f(void) { void *p = &&x; goto *p;"
                        " x: return; }\n", "computed"),
    "longjmp": ("void f(void **p);void f(void **p) { __builtin_longjmp(p, 1);"
                " }\n", "__builtin_longjmp"),
    "the frame": ("void *f(void);void *f(void) { "
                  "return __builtin_frame_address(0); }\n",
                  "__builtin_frame_address"),
    "a byte order mark": (b'\xef\xbb\xbf#include "mm/zalloc/zalloc.c"\n', "byte order"),
    "a NUL": (b"int x;\0int y;\n", "NUL"),
    "too long": ("int x;" + " " * 600000, "bytes"),
}


def test_what_the_preprocessor_has_gone_into(contract):
    text = (f'# 1 "{NAME}"\n# 1 "src/mm/malloc/malloc.h" 1\n# 1 "src/lib/list.h" 1\n'
            f'# 3 "src/mm/malloc/malloc.h" 2\n# 2 "{NAME}" 2\n')
    assert not list(grade_contract.entered_complaints(text, NAME, contract))
    text += f'# 1 "src/lib/../mm/zalloc.c" 1\n# 3 "{NAME}" 2\n'
    found = list(grade_contract.entered_complaints(text, NAME, contract))
    assert len(found) == 1 and "zalloc.c" in found[0]


@pytest.mark.parametrize("text, expected", WORDS.values(), ids=WORDS)
def test_words(said, text, expected):
    assert expected in said(text)


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
}


@pytest.mark.parametrize("text, expected", SYMBOLS.values(), ids=SYMBOLS)
def test_symbols(said, text, expected):
    assert expected in said(text)


# -- Headers that students write -----------------------------------------------

MAPS = "src/mm/armour/armour_maps.h"


@pytest.fixture
def taken():
    """A folder in this tree, as grading has it."""
    with grade.workshop() as folder:
        yield Path(folder)


@pytest.fixture
def maps_with(kit, taken, tmp_path):
    """maps_with(text): what is said of lab 7 with `text` in front of the
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
        assert including - set(lab.files) == set(lab.includers), lab.name


def test_plain_functions_in_a_header(maps_with):
    assert maps_with("static inline uint32_t half(uint32_t a)\n"
                     "{\n    return a / 2;\n}\n") == ""


HEADERS = {
    "a macro": ("#define noinline constructor", "beside"),
    "a macro with nothing in it": ("#define static", "beside"),
    "no more macro": ("#undef bool", "beside"),
    "a condition": ("#if 1\n#endif", "beside"),
    "asm": ('static inline void f(void) { __asm__("hlt"); }', "plain C"),
    "an include": ('#include "mm/armour/armour_calls.h"', "contract"),
    "another lab's function": (
        "void *malloc_alloc(size_t bytes, size_t alignment);\n"
        "static void *(*volatile const taker)(size_t, size_t) = malloc_alloc;",
        "malloc_alloc"),
    "a name of the kernel": ("int lab_places;", "belongs"),
    "what does not compile": ("int x = ;", "does not compile"),
}


@pytest.mark.parametrize("text, expected", HEADERS.values(), ids=HEADERS)
def test_headers(maps_with, text, expected):
    assert expected in maps_with(text)


# -- Files --------------------------------------------------------------------

@pytest.fixture
def lab():
    return labs.resolve("malloc")[0]


def refusal(folder, lab, into):
    with pytest.raises(Refused) as caught:
        student_files.take(folder, lab, into)
    return str(caught.value)


def test_a_tree_a_folder_and_a_folder_in_a_folder(tmp_path, lab):
    for number, place in enumerate((NAME, "malloc.c", f"ann/{NAME}")):
        path = tmp_path / str(number) / place
        path.parent.mkdir(parents=True)
        path.write_text("int x;\n")
        into = tmp_path / f"into{number}"
        student_files.take(tmp_path / str(number), lab, into)
        assert (into / NAME).read_text() == "int x;\n"


def test_what_is_no_submission(tmp_path, lab):
    folder = tmp_path / "folder"
    folder.mkdir()
    assert "missing" in refusal(folder, lab, tmp_path)
    (tmp_path / "file").write_text("x")
    assert "not a directory" in refusal(tmp_path / "file", lab, tmp_path)
    assert "not a directory" in refusal(tmp_path / "none", lab, tmp_path)
    (folder / "malloc.c").symlink_to(ROOT / NAME)
    assert "symbolic link" in refusal(folder, lab, tmp_path)
    (folder / "malloc.c").unlink()
    (folder / "malloc.c").mkdir()
    (folder / "notes").write_text("x")
    assert "no plain file" in refusal(folder, lab, tmp_path)


def test_a_linked_folder(tmp_path, lab):
    (tmp_path / "src").symlink_to(ROOT / "src")
    assert "symbolic link" in refusal(tmp_path, lab, tmp_path / "into")


def test_a_pipe_does_not_hold_anybody_up(tmp_path, lab):
    import os
    os.mkfifo(tmp_path / "malloc.c")
    assert "no plain file" in refusal(tmp_path, lab, tmp_path / "into")


# -- ELF ----------------------------------------------------------------------

def test_where_an_objects_code_lies(kit):
    part = Elf(ROOT / kit.object_of(NAME))
    (begin, size), = kit.elf.code_from(part)
    address = kit.elf.address("malloc_alloc")
    assert begin <= address < begin + size
    assert kit.elf.function_at(begin + size - 1)
    assert not begin <= kit.elf.address("kmalloc") < begin + size
