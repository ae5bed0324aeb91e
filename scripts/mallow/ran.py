# SPDX-License-Identifier: MIT
"""Names the functions that a student wrote and that the failing call ran.

The test program prints the basic blocks of the last call (labs/host/work.c):

    ran: OFFSET@ORDER ...      an offset into the program; 1@ ran before 2@

addr2line knows the lines of an offset, also of what was inlined there.  A line
is the student's if it lies between LAB N BEGIN and LAB N END of a lab's file.
"""
import re
import shutil
import subprocess

from . import elf, labs
from .project import ROOT

RAN = re.compile(r"^ran: ?(.*)$", re.MULTILINE)
MARKS = re.compile(r"/\* LAB \d+ (BEGIN|END)")


def students_lines(lab, root):
    """{(file, line number)} between the marks of a lab's files."""
    found = set()
    for file in lab.files:
        inside = False
        text = (root / file).read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            mark = MARKS.search(line)
            inside = mark.group(1) == "BEGIN" if mark else inside
            if inside:
                found.add((file, number))
    return found


def frames(program, offsets):
    """[(function, "FILE:LINE"), ...] for each offset, the innermost first;
    none where binutils are missing."""
    if not shutil.which("addr2line"):
        return
    base = elf.Elf(program).address("__executable_start")
    # An offset is a return address, rounded down to a multiple of 4.  One byte
    # before it is the call, which is 5 bytes long.
    done = subprocess.run(["addr2line", "-aif", "-e", program,
                           *(hex(base + offset - 1) for offset in offsets)],
                          text=True, capture_output=True, check=False)
    for part in re.split(r"^0x[0-9a-f]+$", done.stdout, flags=re.MULTILINE)[1:]:
        lines = part.strip().split("\n")
        yield list(zip(lines[::2], lines[1::2]))


def is_students(place, lines):
    """Whether "FILE:LINE (...)", with a whole path, is one of the lines."""
    file, _, number = place.partition(" ")[0].rpartition(":")
    return number.isdecimal() and any(
        line == int(number) and file.endswith("/" + name)
        for name, line in lines)


def functions(program, lab, text, root=ROOT):
    """The student's functions that the last call ran, in the order in which
    they ran first.  `root` is the tree with the student's files."""
    found = RAN.search(text)
    if not found or not found.group(1):
        return []
    blocks = [word.split("@") for word in found.group(1).split()]
    blocks.sort(key=lambda block: int(block[1]))
    lines = students_lines(lab, root)
    return list(dict.fromkeys(
        name for frame in frames(program, [int(at, 16) for at, _ in blocks])
        for name, place in frame if is_students(place, lines)))
