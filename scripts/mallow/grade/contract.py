# SPDX-License-Identifier: MIT
"""What a student's file may contain, and how that is checked.

    file.c --> text: no embedded files, no words to the compiler
       |         (directives, trigraphs; before any tool reads the file)
       +--> preprocessed: the includes, and no assembly or attribute even
       |         where a macro has put it together
       +--> object: the sections that C makes, wants only what the lab's
                 contract lists, offers nothing that is not its own

K1: the includes of the file are those that its lab lists.
K2: it says to the compiler what ISO C can say and nothing more: no
    assembly, no attributes, no pragmas, no jumps to computed addresses.
K3: its object file has the sections of plain C.
K4: it calls what the lab lists, and defines no name that is somebody else's.
K5: a header has no macros beside its guard, which is named after the file: what
    is included later, or what includes it, means what it says.  It has no
    object; K3 and K4 hold for those of its includers.

This keeps tricks out that would take the machine from under the tests.  It
does not make C a safe language; staff reads of that in docs/grading.md.
"""
import re
import subprocess
from pathlib import Path

from ..elf import Elf

TEXT_BYTES_MAX = 512 * 1024
COMPILER_SECONDS = 60

DIRECTIVES = {"include", "define", "undef", "if", "ifdef", "ifndef", "elif",
              "else", "endif", "error", ""}
WORDS = {"asm", "__asm", "__asm__", "__attribute", "__attribute__",
         "__declspec", "_Pragma", "__label__", "__thread", "_Thread_local"}
BUILTINS = {"__builtin_" + name for name in
            ("clz ctz ffs expect unreachable offsetof constant_p "
             "types_compatible_p add_overflow sub_overflow mul_overflow "
             "memcpy memmove memset memcmp strlen va_start va_end va_arg "
             "va_copy va_list bswap32 bswap16").split()}
STANDARD = ["limits.h", "stdalign.h", "stdarg.h", "stdbool.h", "stddef.h",
            "stdint.h", "stdnoreturn.h"]

SECTIONS = re.compile(
    r"|\.(text|data|bss|rodata)(\..*)?|\.comment|\.note\.GNU-stack"
    r"|\.(sym|str|shstr)tab|(\.rela?)?\.debug_.*|\.rela?\.(text|data|rodata)"
    r"(\..*)?|\.llvm_addrsig")

# What every lab may use: the functions that a compiler calls by itself, and
# those of lib that depend on nothing and change nothing of ours.
EVERYBODYS = set(
    "memcpy memmove memset memcmp strlen strcmp strncmp panic panic_word print "
    "__udivdi3 __umoddi3 __udivmoddi4 __divdi3 __moddi3 "
    "bitmap_test bitmap_set bitmap_clear bitmap_set_range bitmap_clear_range "
    "bitmap_all_set bitmap_all_clear bitmap_find_clear bitmap_find_clear_run "
    "bitmap_count".split())

TOKEN = re.compile(r"""
      (?P<comment> /\*.*?\*/ | //[^\n]* )
    | (?P<text> "(\\.|[^"\\\n])*" | '(\\.|[^'\\\n])*' )
    | (?P<word> [A-Za-z_]\w* )
    | (?P<line> \n )
    | (?P<blank> [ \t\v\f]+ )
    | (?P<other> . )""", re.VERBOSE | re.DOTALL)
INCLUDE = re.compile(r'\s*#\s*include\s*[<"]([^">]*)[">]\s*')
MARKER = re.compile(r'# (\d+) "((?:\\.|[^"\\])*)"([ \d]*)')
TRIGRAPH = re.compile(r"\?\?[=/'()!<>-]")
DIGRAPH = re.compile(r"%:|<:|:>|<%|%>")


def tokens(text):
    """(line, kind, text) of all tokens; a comment counts as a blank."""
    line = 1
    for match in TOKEN.finditer(text):
        kind = match.lastgroup
        found = match.group(kind)
        yield line, kind, found
        line += found.count("\n")


def spliced(text):
    """Lines that end in a backslash joined, as the compiler would; the line
    numbers behind are kept by blank lines."""
    joined = re.compile(r"\\[ \t\v\f]*\n")
    while joined.search(text):
        at = joined.search(text)
        end = text.find("\n", at.end())
        end = len(text) if end < 0 else end
        text = (text[:at.start()] + text[at.end():end] + "\n"
                + text[end:])
    return text


def directives(text):
    """(line, the directive without its comments)."""
    row, begin = "", 1
    for line, kind, found in [*tokens(text), (0, "line", "\n")]:
        if kind == "line":
            if row.lstrip().startswith("#"):
                yield begin, row.strip()
            row, begin = "", line + 1
        else:
            row += " " if kind in ("comment", "blank") else found


def text_complaints(name, raw, contract):
    """K1 and K2, as far as the text shows them."""
    if len(raw) > TEXT_BYTES_MAX:
        yield f"{name}: {len(raw)} bytes; at most {TEXT_BYTES_MAX} are read"
        return
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n")
    for bad, what in (("\0", "a NUL character"), ("\r", "a lone CR"),
                      ("\ufeff", "a byte order mark")):
        if bad in text:
            line = text.count("\n", 0, text.index(bad)) + 1
            yield f"{name}:{line}: {what}"
            return
    for found in TRIGRAPH.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        yield f"{name}:{line}: a trigraph, {found.group()}"
    text = spliced(text)
    code = "".join(" " if kind in ("comment", "text") else found
                   for _, kind, found in tokens(text))
    for found in DIGRAPH.finditer(code):
        yield f"{name}: a digraph, {found.group()}: write what it stands for"
    for line, row in directives(text):
        word = re.match(r"#\s*(\w*)", row).group(1)
        if word not in DIRECTIVES:
            yield f"{name}:{line}: #{word} has no place in a student's file"
        elif word == "include":
            yield from include_complaints(f"{name}:{line}", row, contract)
        elif name.endswith(".h") and not is_guard(name, row):
            yield (f"{name}:{line}: {row}: a header has no directives beside "
                   f"its includes and its guard, {guard_of(name)}")


def guard_of(name):
    """src/mm/armour/armour_maps.h: MM_ARMOUR_ARMOUR_MAPS_H"""
    return re.sub(r"\W", "_", name.removeprefix("src/")).upper()


def is_guard(name, row):
    return row.split() in (["#ifndef", guard_of(name)],
                           ["#define", guard_of(name)], ["#endif"])


def include_complaints(where, row, contract):
    found = INCLUDE.fullmatch(row)
    if not found:
        yield f"{where}: {row}: say the header's name as it is"
    elif found.group(1) not in [*contract.includes, *STANDARD]:
        yield (f'{where}: #include "{found.group(1)}" is not in the lab\'s '
               f"contract; it lists {', '.join(contract.includes)}")


def own_lines(preprocessed, name):
    """(line, text) of what the file itself says, macros expanded."""
    inside, line = False, 0
    for row in preprocessed.split("\n"):
        marker = MARKER.fullmatch(row)
        if marker:
            inside = marker.group(2).endswith(name)
            line = int(marker.group(1))
        else:
            if inside:
                yield line, row
            line += 1


def entered_complaints(preprocessed, name, contract, root=""):
    """K1 once more: the files that the preprocessor has really gone into.
    What lies below `root` are files of the same submission."""
    depth = 0
    for row in preprocessed.split("\n"):
        marker = MARKER.fullmatch(row)
        flags = marker.group(3).split() if marker else []
        if "1" in flags:
            file = marker.group(2).removeprefix(root)
            if depth == 0 and Path(file).name not in STANDARD and \
                    file.removeprefix("src/") not in contract.includes:
                yield f"{name}: the file {file} is not in the lab's contract"
            depth += 1
        elif "2" in flags:
            depth -= 1


def word_complaints(preprocessed, name):
    """K2, after every macro has been expanded."""
    before = ""
    for line, row in own_lines(preprocessed, name):
        where = f"{name}:{line}"
        if row.lstrip().startswith("#"):
            yield f"{where}: {row.strip()} has no place in a student's file"
            continue
        for _, kind, found in tokens(row):
            if kind in ("blank", "line", "comment"):
                continue
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


def object_complaints(name, built, others, contract):
    """K3 and K4; `others` are the names of the kernel that are not the
    file's own."""
    for section in built.sections:
        if not SECTIONS.fullmatch(section.name):
            yield f"{name}: a section {section.name}, which plain C never makes"
    for symbol in sorted(built.undefined() - contract.calls - EVERYBODYS):
        yield f"{name}: {symbol} is not among what the lab lets it use"
    for symbol in sorted(built.defined() & others):
        yield (f"{name}: {symbol} belongs to another file; make yours static, "
               "or give it another name")


def preprocessed(path, name, root, compiler):
    """(text, error) of the file as the compiler will see it."""
    try:
        done = compiler(["-E", "-iquote", f"{root}src", str(path)],
                        COMPILER_SECONDS)
    except subprocess.TimeoutExpired:
        return "", f"{name}: the preprocessor takes over {COMPILER_SECONDS} s"
    return done.stdout, done.stderr if done.returncode else ""


def source_complaints(path, name, contract, compiler):
    """Everything against a file that can be said before it is compiled;
    `compiler` runs it with the kernel's own flags."""
    found = list(text_complaints(name, path.read_bytes(), contract))
    if found:
        return found
    root = str(path).removesuffix(name)
    text, error = preprocessed(path, name, root, compiler)
    if error:
        return [error.strip()]
    return [*entered_complaints(text, name, contract, root),
            *word_complaints(text, name)]


def check_object(path, name, others, contract):
    return list(object_complaints(name, Elf(path), others, contract))
