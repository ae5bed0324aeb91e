# SPDX-License-Identifier: MIT
"""Traces of allocations in the .rep format, as traces/README.md defines it.

    read(path)          -> Trace, or Malformed naming file, line and reason;
                           a file that ends in .xz is compressed
    Trace.write(path)
    Trace.figures()     -> what --stat prints
"""

import lzma
import os
import re
from typing import NamedTuple

LARGEST = 2**32 - 1  # a size or a count on a 32-bit machine
HEADERS = {
    2: ("ids", "operations"),
    4: ("heap", "ids", "operations", "weight"),
}
NOTHING = -1
NUMBERS = {"a": ("id", "size"), "r": ("id", "size"), "f": ("id",)}


class Malformed(Exception):
    """A trace that breaks the format: file, line, reason."""

    def __init__(self, path, line, reason):
        super().__init__(f"{path}:{line}: {reason}")


class Operation(NamedTuple):
    """One line: a(llocate), r(eallocate) or f(ree).  A free has no size; one
    of id NOTHING is free(NULL)."""

    kind: str
    id: int
    bytes: int = 0

    def __str__(self):
        size = "" if self.kind == "f" else f" {self.bytes}"
        return f"{self.kind} {self.id}{size}"


class Figures(NamedTuple):
    """The requests of a trace, for any allocator."""

    operations: int
    allocations: int
    reallocations: int
    frees: int
    peak_blocks: int
    peak_bytes: int  # asked for and not yet freed, at most
    largest: int


class Trace(NamedTuple):
    """A heap size that its author suggests (0: none), and the operations."""

    heap: int
    operations: list

    def write(self, path):
        """Writes all of it or, failing, leaves what was there."""
        ids = sum(op.kind == "a" for op in self.operations)
        lines = [self.heap, ids, len(self.operations), 1, *self.operations]
        partial = f"{path}.partial"
        with open(partial, "w", encoding="ascii", newline="\n") as file:
            file.writelines(f"{line}\n" for line in lines)
        os.replace(partial, path)

    def figures(self):
        kinds = [op.kind for op in self.operations]
        live, bytes_now, peak_blocks, peak_bytes = {}, 0, 0, 0
        for op in self.operations:
            bytes_now += op.bytes - live.pop(op.id, 0)
            if op.kind != "f":
                live[op.id] = op.bytes
            peak_blocks = max(peak_blocks, len(live))
            peak_bytes = max(peak_bytes, bytes_now)
        return Figures(
            len(kinds), kinds.count("a"), kinds.count("r"), kinds.count("f"),
            peak_blocks, peak_bytes,
            max((op.bytes for op in self.operations), default=0),
        )


def words(text):
    """A line cut at its blanks.  Blanks and a CR at its end do not matter."""
    text = text.removesuffix("\r").rstrip(" \t")
    if not text:
        raise ValueError("a blank line before the end")
    if not re.fullmatch(r"[!-~][ \t!-~]*", text):
        raise ValueError(f"begins with a blank or is not text: {text!r}")
    return text.split()


def number(text, what):
    """Decimal digits that fit 32 bits."""
    if not re.fullmatch("[0-9]+", text):
        raise ValueError(f"{what} {text!r} is not a decimal number")
    if int(text) > LARGEST:
        raise ValueError(f"{what} {text} does not fit 32 bits")
    return int(text)


def parse_header(lines):
    """The lines at the top that begin with a digit, by name: 2 or 4."""
    count = 0
    while count < len(lines) and lines[count][:1].isdigit():
        count += 1
    if count not in HEADERS:
        raise ValueError(f"{count} header lines, expected 2 or 4")
    return dict(zip(HEADERS[count], lines))


def parse_operation(text):
    kind, *fields = words(text)
    if kind not in NUMBERS:
        raise ValueError(f"unknown operation {kind!r}, expected a, r or f")
    names = NUMBERS[kind]
    if len(fields) != len(names):
        raise ValueError(f"{text!r}: {kind} takes {' and '.join(names)}")
    if kind == "f" and fields == ["-1"]:
        return Operation("f", NOTHING)
    return Operation(kind, *map(number, fields, names))


def check_operation(op, live, ids):
    """`live` holds the ids that are allocated before it."""
    if op.id >= ids:
        raise ValueError(f"id {op.id}, but the header says {ids} ids")
    if op.kind == "a" and op.id in live:
        raise ValueError(f"a of id {op.id}, which is live already")
    if op.kind == "f" and op.id != NOTHING and op.id not in live:
        raise ValueError(f"f of id {op.id}, which is not live")


def read_text(path):
    """The text of the file, unpacked if it is compressed."""
    opener = lzma.open if str(path).endswith(".xz") else open
    try:
        with opener(path, "rt", encoding="latin-1", newline="") as file:
            return file.read()
    except (lzma.LZMAError, EOFError) as reason:
        raise Malformed(path, 1, f"not compressed by xz: {reason}") from None


def read(path):
    """The trace in `path`; raises Malformed at the first line amiss."""
    lines = read_text(path).rstrip(" \t\r\n").split("\n")
    line, live, operations = 1, set(), []
    try:
        header = parse_header(lines)
        for line, name in enumerate(header, 1):
            header[name] = number(" ".join(words(header[name])), name)
        for line, text in enumerate(lines[len(header):], len(header) + 1):
            op = parse_operation(text)
            check_operation(op, live, header["ids"])
            (live.discard if op.kind == "f" else live.add)(op.id)
            operations.append(op)
        if len(operations) != header["operations"]:
            raise ValueError(f"{len(operations)} operations, but the header "
                             f"says {header['operations']}")
    except ValueError as reason:
        raise Malformed(path, line, reason) from None
    return Trace(header.get("heap", 0), operations)
