# SPDX-License-Identifier: MIT
"""A source file as libclang parses it.

A `Node` is a piece of text between two offsets, with the kind that libclang
gives it.  The expansion of a macro with arguments has no text of its own in the
file, so such an invocation is one leaf, and no mutant is made inside it.  A
macro without arguments (PAGE_BYTES) is a leaf as well: a constant with a name.
"""
import functools
import subprocess
from typing import NamedTuple

from ..project import ROOT, Trouble

try:
    from clang import cindex
    from clang.cindex import CursorKind, TypeKind
except ImportError:  # `make doctor` names the package
    cindex = None

FLAGS = ["-m32", "-std=c11", "-ffreestanding", "-Wno-everything",
         f"-I{ROOT / 'src'}", "-x", "c"]


class Node(NamedTuple):
    kind: str      # "BINARY_OPERATOR": libclang's name
    begin: int     # offsets in the text; `end` is exclusive
    end: int
    type: str      # "integer", "bool", "enum", "pointer", "void" or "other"
    children: tuple
    macro: bool    # a macro stands here, and nothing else
    name: str      # of what a reference refers to
    spelled: str   # the type as it is written: to compare two of them
    cursor: object

    def text(self, file):
        return file.text[self.begin:self.end]

    def walk(self):
        yield self
        for child in self.children:
            yield from child.walk()


class Function(NamedTuple):
    name: str
    result: str    # as Node.type
    body: Node
    begin: int
    end: int


class File(NamedTuple):
    name: str      # below the root
    text: str      # one character a byte
    functions: list


def kind_of_type(given):
    kind = given.get_canonical().kind
    if kind == TypeKind.BOOL:
        return "bool"
    if kind == TypeKind.ENUM:
        return "enum"
    if kind == TypeKind.POINTER:
        return "pointer"
    if kind == TypeKind.VOID:
        return "void"
    return "integer" if TypeKind.CHAR_U.value <= kind.value \
        <= TypeKind.LONGLONG.value else "other"


class Macros:
    """Where a file invokes macros: {begin: end} of those with arguments, and
    of those without."""

    def __init__(self, unit, path, text):
        self.plain, self.calls = {}, {}
        for cursor in unit.cursor.get_children():
            if cursor.kind != CursorKind.MACRO_INSTANTIATION or \
                    cursor.location.file is None or \
                    cursor.location.file.name != path:
                continue
            begin, end = cursor.extent.start.offset, cursor.extent.end.offset
            called = text[begin:end].endswith(")")
            (self.calls if called else self.plain)[begin] = end

    def inside_call(self, begin, end):
        """Whether a range is a macro with arguments, or a part of one."""
        return any(first <= begin and end <= last
                   for first, last in self.calls.items())


def read_node(cursor, macros, limits):
    """The node of a cursor, or None if it has no text of its own."""
    begin, end = cursor.extent.start.offset, cursor.extent.end.offset
    if not (limits[0] <= begin < end <= limits[1]) or \
            macros.inside_call(begin, end):
        return None
    macro = macros.plain.get(begin) == end
    children = () if macro else tuple(
        child for child in (read_node(each, macros, (begin, end))
                            for each in cursor.get_children()) if child)
    if cursor.kind == CursorKind.UNEXPOSED_EXPR and len(children) == 1 and \
            (children[0].begin, children[0].end) == (begin, end):
        return children[0]  # a conversion that is not in the source
    return Node(cursor.kind.name, begin, end, kind_of_type(cursor.type),
                children, macro, cursor.spelling,
                cursor.type.get_canonical().spelling, cursor)


def functions_of(unit, path, macros, length):
    for cursor in unit.cursor.get_children():
        if cursor.kind != CursorKind.FUNCTION_DECL or \
                not cursor.is_definition() or \
                cursor.location.file.name != path:
            continue
        *_, body = cursor.get_children()
        node = read_node(body, macros, (0, length))
        if node:
            yield Function(cursor.spelling, kind_of_type(cursor.result_type),
                           node, cursor.extent.start.offset, node.end)


def unit_of(path, text, full=True):
    """libclang's view of `text`, as if it were the file at `path`."""
    if cindex is None:
        raise Trouble("no python3-clang here: scripts/setup installs it")
    options = cindex.TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD
    return index().parse(str(path), FLAGS, [(str(path), text)],
                         options if full else 0)


@functools.lru_cache(maxsize=1)
def index():
    return cindex.Index.create()


@functools.lru_cache(maxsize=1)
def builtin_headers():
    """clang's own stddef.h and others."""
    done = subprocess.run(["clang", "-print-resource-dir"], text=True,
                          capture_output=True, check=False)
    return done.stdout.strip()


def errors_of(path, text):
    """Offsets at which the compiler finds errors in `text`."""
    return [each.location.offset
            for each in unit_of(path, text, full=False).diagnostics
            if each.severity >= cindex.Diagnostic.Error]


def parse(name):
    path = ROOT / name
    text = path.read_bytes().decode("latin-1")
    unit = unit_of(path, text)
    bad = [each for each in unit.diagnostics
           if each.severity >= cindex.Diagnostic.Error]
    if bad:
        raise Trouble(f"{name}: {bad[0].spelling}")
    macros = Macros(unit, str(path), text)
    return File(name, text, list(functions_of(unit, str(path), macros,
                                              len(text))))
