# SPDX-License-Identifier: MIT
"""The contract of a student's file, and how that is checked.

The compiler says what it did (student_compiler.py); nothing here reads the
source as the student wrote it, because two readers of C disagree somewhere.

    file.c --> compiler in a sandbox --> files opened      K1
                                     --> tokens compiled   K2, K5
                                     --> assembler code    K3
                                     --> object            K4

K1: a student's file includes what its lab lists, and nothing else is opened.
K2: it contains what ISO C offers and nothing more: no assembly, no attributes,
    no pragmas, no jumps to computed addresses.
    Its macros change no line of a given header, where these rules do not hold.
K3: the compiler's assembler output holds no inline assembly but that of given
    headers.
K4: its object has the sections of plain C, refers to what the headers in that list declare, and
    defines no name that belongs to another file.
K5: a header has no macros beside its guard, which is named after the file, so
    given code that includes it keeps its meaning.  A header has no object; K3
    and K4 hold for the objects of its includers.

This keeps out tricks that would take the machine from under the tests.  It does
not make C a safe language; docs/grading.md says what remains.
"""
import re

from ..project import Trouble
from .student_compiler import STANDARD
from .student_tokens import word_complaints

try:
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile
except ImportError:  # only the grader needs it
    ELFFile = None

# Functions that a compiler calls by itself.
COMPILERS = set("memcpy memmove memset memcmp __udivdi3 __umoddi3 __udivmoddi4 "
                "__divdi3 __moddi3".split())

QUOTED = re.compile(r'"(?:\\.|[^"\\\n])*"')
READS_A_FILE = re.compile(r"\.(?:incbin|include)\b", re.IGNORECASE)

SECTIONS = re.compile(
    r"|\.(text|data|bss|rodata)(\..*)?|\.comment|\.note\.GNU-stack"
    r"|\.(sym|str|shstr)tab|(\.rela?)?\.debug_.*|\.rela?\.(text|data|rodata)"
    r"(\..*)?|\.llvm_addrsig")
SECTION_TYPES = {"SHT_NULL", "SHT_PROGBITS", "SHT_NOBITS", "SHT_SYMTAB",
                 "SHT_STRTAB", "SHT_REL", 0x6FFF4C03}  # the last: clang's .addrsig
# Of all variables together: a section's length has 32 bits, and wraps around.
VARIABLES_BYTES_MAX = 32 << 20
RELOCATIONS = {1, 2, 4}  # R_386_32, R_386_PC32, R_386_PLT32
SYMBOL_TYPES = {"STT_NOTYPE", "STT_OBJECT", "STT_FUNC", "STT_SECTION",
                "STT_FILE"}
SYMBOL_BINDS = {"STB_LOCAL", "STB_GLOBAL"}


# -- K1: files -----------------------------------------------------------------

def opened_complaints(opened, lab):
    for each in opened:
        rules = lab.files.get(each.by)
        if rules is None:  # a given header included it
            continue
        short = each.name.removeprefix("src/")
        standard = each.given and short.startswith("include") and \
            short.partition("/")[2] in STANDARD
        if not standard and short not in rules.includes:
            yield (f'{each.by}: #include "{short}" is not in the lab\'s '
                   f"contract; it lists {', '.join(rules.includes)}")


# -- K2, K5: macros ------------------------------------------------------------

def guard_of(name):
    """src/mm/armour/armour_maps.h: MM_ARMOUR_ARMOUR_MAPS_H"""
    return re.sub(r"\W", "_", name.removeprefix("src/")).upper()


def macro_complaints(own_lines):
    """Complaints about macros, from lines in which the compiler has kept
    #define and #undef."""
    for name, line, row in own_lines:
        words = row.split()
        if name.endswith(".h") and words[0] in ("#define", "#undef") and \
                words != ["#define", guard_of(name)]:
            yield (f"{name}:{line}: {row.strip()}: a header has no macros "
                   f"beside its guard, {guard_of(name)}")


def change_complaints(name, compiled):
    for header, text in compiled.changed:
        yield (f"{name}: a macro changes {header}, which is given: {text}; define "
               "it after the includes")


# -- K3: assembler code ----------------------------------------------------------

def assembly_complaints(name, compiled):
    if compiled.own_assembly:
        yield f"{name}: inline assembly: plain C only"
    if READS_A_FILE.search(QUOTED.sub("", compiled.assembly)):
        yield f"{name}: assembly that reads another file"


# -- K4: the object --------------------------------------------------------------

def section_complaints(name, elf):
    for section in elf.iter_sections():
        if not SECTIONS.fullmatch(section.name) or \
                section["sh_type"] not in SECTION_TYPES:
            yield (f"{name}: a section {section.name}, which plain C never "
                   "makes")
        if section["sh_type"] == "SHT_REL":
            # An entry is an offset and, in its fifth byte, a type.
            for kind in set(section.data()[4::8]) - RELOCATIONS:
                yield (f"{name}: a relocation of type {kind}, which plain C "
                       "never makes")


def symbol_complaints(name, elf, others, calls):
    """`others` are the names of the kernel that are not the file's own."""
    for symbol in elf.get_section_by_name(".symtab").iter_symbols():
        kind, bind = symbol["st_info"]["type"], symbol["st_info"]["bind"]
        absolute = symbol["st_shndx"] == "SHN_ABS" and kind != "STT_FILE"
        if kind not in SYMBOL_TYPES or bind not in SYMBOL_BINDS or absolute:
            yield f"{name}: a symbol {symbol.name} that plain C never makes"
        elif bind == "STB_LOCAL":
            continue
        elif symbol["st_shndx"] != "SHN_UNDEF":
            if symbol.name in others:
                yield (f"{name}: {symbol.name} belongs to another file; make "
                       "yours static, or give it another name")
        elif symbol.name not in calls | COMPILERS:
            yield f"{name}: {symbol.name} is not among what the lab lets it use"


def size_complaints(name, elf):
    sizes = {symbol.name: symbol["st_size"] for symbol in
             elf.get_section_by_name(".symtab").iter_symbols()}
    if sum(sizes.values()) > VARIABLES_BYTES_MAX:
        yield (f"{name}: {max(sizes, key=sizes.get)} and the others take "
               f"{sum(sizes.values()) >> 20} MiB of memory; at most "
               f"{VARIABLES_BYTES_MAX >> 20} are there for them")


def object_complaints(name, path, others, calls):
    if not ELFFile:
        raise Trouble("this Python has no elftools; scripts/setup installs "
                      "them")
    with path.open("rb") as file:
        try:
            elf = ELFFile(file)
            if (elf["e_machine"], elf["e_type"]) != ("EM_386", "ET_REL"):
                yield f"{name}: not an object for i386"
                return
            yield from section_complaints(name, elf)
            yield from symbol_complaints(name, elf, others, calls)
            yield from size_complaints(name, elf)
        except ELFError as error:
            yield f"{name}: not an object: {error}"


def complaints(lab, source, compiled):
    """K1 to K3 of one source that was compiled, a student's or an includer."""
    return [*opened_complaints(compiled.opened, lab),
            *word_complaints(compiled.own_lines),
            *change_complaints(source, compiled),
            *assembly_complaints(source, compiled)]
