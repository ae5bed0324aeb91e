# SPDX-License-Identifier: MIT
"""tests/equivalent-mutants.txt: mutants that no test can notice, and why.

    src/mm/frames/frames.c frames_between
    -     if (begin >= end)
    +     if (begin > end)
    = With begin == end both answers are an empty range.

One place, one or more pairs of lines, and one reason for all of them.  Blanks
do not matter.
"""
import re
from typing import NamedTuple

from ..project import ROOT, Trouble
from . import switches

PATH = ROOT / "tests" / "equivalent-mutants.txt"


class Entry(NamedTuple):
    line: int
    key: tuple  # of a mutant
    reason: str


def read_block(lines, first):
    """The entries of one block: `lines` with nothing empty between them."""
    place, *rest = lines
    file, _, function = place.partition(" ")
    reason = " ".join(line[1:].strip() for line in rest if line[0] == "=")
    text = "\n".join(line for line in rest if line[0] != "=")
    pairs = re.findall(r"((?:^-.*\n?)+)((?:^\+.*\n?)*)", text, re.MULTILINE)
    if not reason or not pairs or not function:
        raise Trouble(f"{PATH.name}:{first}: a place, -, + and = lines")

    def joined(part):
        return switches.squeezed(" ".join(
            line[1:] for line in part.splitlines()))

    return [Entry(first, (file, function.strip(), joined(before),
                          joined(after)), reason) for before, after in pairs]


def entries():
    found, block, first = [], [], 0
    text = PATH.read_text(encoding="utf-8") if PATH.exists() else ""
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.startswith("#"):
            continue
        if line.strip():
            first = first if block else number
            block.append(line)
        elif block:
            found += read_block(block, first)
            block = []
    return found
