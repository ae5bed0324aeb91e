# SPDX-License-Identifier: MIT
"""Lab 0's answer sheet: questions about a booted kernel, and their marks.

    seed --> questions (and a size of memory) --> labs/0-boot/answers.txt
                 |                                        |
                 +--> one boot under gdb --> answers --> marks

Every student's seed, for example a name, picks other places.  The answers are
in no file: to mark a sheet, a kernel is booted, and each answer is read from
it.  The answers do not depend on the compiler or on the version of GRUB, so a
sheet can be marked on another machine.
"""
import hashlib
import os
import re
import struct
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Callable, NamedTuple

from .layout import DIRECT_MAP_BYTES, KERNEL_BASE, LOAD_ADDRESS
from .project import ROOT, WRONG_USE, Trouble, shown

LAB = "boot"
ANSWERS = Path("labs/0-boot/answers.txt")  # in a student's tree
POINTS = 10  # of each question
SECONDS = 60

SEED = re.compile(r"[A-Za-z0-9._@-]{1,64}")
LINE = re.compile(r"\s*(\w+)\s*=\s*(.*?)\s*")

LARGE_PAGE = 4 << 20
MODULE_TAG, MEMORY_TAG, MAP_TAG = 3, 4, 6
AVAILABLE = 1

MODULES = 8  # of the traces on the ISO, as many as are asked for
# Below lies what the kernel uses: its entries have been accessed.
QUIET = 64 << 20
CALLED = ["segments_init", "boot_memory_read", "symbols_init", "stages_start",
          "multiboot2_parse", "console_use_screen"]


# -- What a booted kernel says ----------------------------------------------

class Evidence:
    """The findings of one boot under gdb."""

    def __init__(self, said, folder):
        self.said = said
        self.info = (folder / "info").read_bytes()
        self.directory = struct.unpack(
            "<1024I", (folder / "directory").read_bytes())

    def word(self, name):
        """The values that gdb printed as NAME=..."""
        found = re.search(rf"^{name}=(\S+)$", self.said, re.MULTILINE)
        if not found:
            raise Trouble(f"gdb has not said what {name} is:\n{self.said}")
        return found.group(1)

    def number(self, name):
        return int(self.word(name))

    def tags(self, wanted):
        """The contents of the Multiboot2 tags of one type."""
        at, found = 8, []
        while at + 8 <= len(self.info):
            kind, size = struct.unpack_from("<II", self.info, at)
            if kind == wanted:
                found.append(self.info[at + 8:at + size])
            at += max(8, -(-size // 8) * 8)
        return found

    def module(self, number):
        """(begin, end, name) of a module."""
        tag = self.tags(MODULE_TAG)[number]
        begin, end = struct.unpack_from("<II", tag)
        return begin, end, tag[8:].split(b"\0")[0].decode()

    def upper_memory(self):
        return struct.unpack_from("<II", self.tags(MEMORY_TAG)[0])[1]

    def available_end(self):
        tag = self.tags(MAP_TAG)[0]
        step = struct.unpack_from("<I", tag)[0]
        entries = [struct.unpack_from("<QQI", tag, at)
                   for at in range(8, len(tag), step)]
        return max(base + length for base, length, kind in entries
                   if kind == AVAILABLE)

    def shows(self, physical):
        """The virtual address above the kernel's base that leads there."""
        for index in range(KERNEL_BASE // LARGE_PAGE, 1024):
            entry = self.directory[index]
            if entry & 1 and entry & -LARGE_PAGE == physical & -LARGE_PAGE:
                return index * LARGE_PAGE + physical % LARGE_PAGE
        raise Trouble(f"no entry of the directory shows {physical:#x}")


# -- The questions ----------------------------------------------------------

class Question(NamedTuple):
    text: str
    answer: Callable  # of the Evidence: a number or a name
    look: str  # where to look, for one whose answer is wrong


class Sheet:
    """The questions of one seed."""

    def __init__(self, seed):
        if not SEED.fullmatch(seed):
            raise Trouble(f'SEED: "{seed}" is not a seed; right are up to 64 '
                          "letters and digits, such as your name", WRONG_USE)
        self.seed = seed
        self.memory = f"{64 + self.pick('memory', 60)}M"
        self.word = self.pick("header", 4)
        self.control = [("cr0", "_start"), ("cr0", "kernel_main"),
                        ("cr4", "kernel_main")][self.pick("control", 3)]
        self.sized, self.named = self.pick("size", MODULES), \
            self.pick("name", MODULES)
        self.called = CALLED[self.pick("called", len(CALLED))]
        self.address = self.somewhere("address") + KERNEL_BASE
        self.backwards = self.somewhere("backwards")
        self.forwards = self.somewhere("forwards") + KERNEL_BASE
        self.questions = [*self.at_start(), *self.in_the_information(),
                          *self.in_the_directory()]

    def pick(self, topic, count):
        """A number below `count`, the same for a seed on every machine."""
        text = f"{self.seed}/{topic}".encode()
        return int(hashlib.sha256(text).hexdigest(), 16) % count

    def somewhere(self, topic):
        """A physical address that is not in use."""
        return QUIET + self.pick(topic, DIRECT_MAP_BYTES - QUIET)

    def at_start(self):
        name, place = self.control
        where = LOAD_ADDRESS + 4 * self.word
        yield Question(
            "At the kernel's first instruction (mallow start): what does eax "
            "hold?",
            lambda seen: seen.number("eax"), "info registers eax")
        yield Question(
            f"At the same place: which word stands at physical {where:#x}, in "
            "the header by which GRUB has known the kernel?",
            lambda seen: seen.number("header"), f"x/1xw {where:#x}")
        yield Question(
            f"What does {name} hold when the processor is at {place}?",
            lambda seen: seen.number("control"),
            f"info registers {name}, stopped at {place}")
        yield Question(
            f"Break at {self.called} and let it run there: which function has "
            "called it?",
            lambda seen: seen.word("caller"), f"break {self.called}, continue, "
            "backtrace: line #1")

    def in_the_information(self):
        yield Question(
            "The Multiboot2 information, tag of type 4: how many KiB of "
            "memory are there above 1 MiB (its last word)?",
            Evidence.upper_memory, "find the tag by its type; type, size, "
            "lower, upper")
        yield Question(
            "Tag of type 6, the memory map: at which address does the "
            "highest available memory (type 1) end?",
            Evidence.available_end, "base + length of its last entry with "
            "type 1")
        yield Question(
            f"Tags of type 3, the modules: how many bytes has module "
            f"{self.sized}, counted from 0?",
            lambda seen: seen.module(self.sized)[1]
            - seen.module(self.sized)[0], "its end less its begin")
        yield Question(
            f"Which file is module {self.named}, counted from 0?",
            lambda seen: seen.module(self.named)[2], "x/s at the third word "
            "after type and size")

    def in_the_directory(self):
        yield Question(
            f"At kernel_main: what is the directory entry (all 32 bits) that "
            f"decides about {self.address:#x}?",
            lambda seen: seen.directory[self.address // LARGE_PAGE],
            "the upper ten bits of the address are the index")
        yield Question(
            f"At which virtual address does the kernel find physical "
            f"{self.backwards:#x}?",
            lambda seen: seen.shows(self.backwards),
            "mallow page, with the address that you think it is")

    def commands(self, folder):
        """The gdb commands that find all answers."""
        name, place = self.control
        control = f'printf "control=%u\\n", (unsigned)${name}'
        stops = {
            "_start": [
                "mallow start",
                'printf "eax=%u\\n", (unsigned)$eax',
                'printf "header=%u\\n", *(unsigned *)'
                f"{LOAD_ADDRESS + 4 * self.word:#x}",
                f"dump binary memory {folder}/info $ebx "
                "$ebx+*(unsigned*)$ebx"],
            "kernel_main": [
                "tbreak kernel_main", "continue",
                f"dump binary memory {folder}/directory "
                "(char*)&boot_directory (char*)&boot_directory+4096"]}
        stops[place].append(control)
        return [*stops["_start"], *stops["kernel_main"],
                f"tbreak {self.called}", "continue",
                'python print("caller=" + '
                "gdb.newest_frame().older().name())"]

    def text(self):
        """The sheet that the student fills in."""
        lines = [f"# Lab 0, answer sheet of {self.seed}.",
                 f"# Your machine: make debug STAGE=boot MEMORY={self.memory}",
                 "# Write each answer after its =; numbers as 4096 or 0x1000.",
                 f"seed = {self.seed}"]
        for number, question in enumerate(self.questions, 1):
            lines.append("")
            lines += textwrap.wrap(f"{number}. {question.text}", 78,
                                   initial_indent="# ",
                                   subsequent_indent="#    ")
            lines.append(f"{number} =")
        return "\n".join(lines) + "\n"


# -- Marking ----------------------------------------------------------------

class Mark(NamedTuple):
    """The mark of one question."""
    name: str
    points: int
    earned: int
    text: str


def read(path):
    """{word: value} of a filled-in sheet."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise Trouble(f"there is no {shown(path)}: make sheet SEED=yourname "
                      f"> {ANSWERS} makes one") from None
    rows = (row.partition("#")[0] for row in text.splitlines())
    found = (LINE.fullmatch(row) for row in rows if row.strip())
    return {match.group(1): match.group(2) for match in found if match}


def boot(sheet):
    """The Evidence for a sheet: one boot of this tree's kernel."""
    with tempfile.TemporaryDirectory(prefix="mallow-") as name:
        folder = Path(name)
        script = folder / "commands"
        script.write_text("\n".join(sheet.commands(folder)) + "\n",
                          encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(ROOT / "scripts" / "mallow.py"), "debug",
             f"--stage={LAB}", f"--memory={sheet.memory}",
             f"--log={folder / 'log'}", "--", "-batch", "-x", str(script)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=SECONDS, env={**os.environ, "TERM": "dumb"})
        if not (folder / "info").exists() or \
                not (folder / "directory").exists():
            raise Trouble("the kernel could not be asked:\n" + done.stdout
                          + done.stderr)
        return Evidence(done.stdout, folder)


def number(text):
    """A student's answer as a number, or None."""
    word = text.replace("_", "").replace(",", "")
    try:
        return int(word, 0)
    except ValueError:
        return int(word) if word.isdecimal() else None


def mark(index, question, given, answer):
    name = f"question {index}"
    if not given:
        return Mark(name, POINTS, 0, "no answer yet")
    if isinstance(answer, int):
        if number(given) is None:
            return Mark(name, POINTS, 0, f'"{given}" is not a number')
        right = number(given) == answer
    else:
        right = given.strip("\"'`()") == answer
    if right:
        return Mark(name, POINTS, POINTS, "right")
    return Mark(name, POINTS, 0, f'"{given}" is not what this kernel shows; '
                                 f"look again: {question.look}")


def marks(path, seed=""):
    """The marks for the answers in the file `path`.

    The sheet must have the seed `seed`, if it is given.
    """
    given = read(Path(path))
    own = given.get("seed", "")
    if not own:
        raise Trouble(f"{shown(path)} has no line seed = ...")
    if seed and own != seed:
        raise Trouble(f"{shown(path)} is the sheet of {own}, not of {seed}")
    sheet = Sheet(own)
    seen = boot(sheet)
    return [mark(index, question, given.get(str(index), ""),
                 question.answer(seen))
            for index, question in enumerate(sheet.questions, 1)]


def table(found):
    """The marks as lines for a person."""
    lines = [f"  {one.name:12} {one.earned:3} of {one.points:2}  {one.text}"
             for one in found]
    earned = sum(one.earned for one in found)
    return lines + [f"  {earned} of {sum(one.points for one in found)} points"]


def print_sheet(arguments):
    if not arguments.seed:
        raise Trouble("whose sheet? make sheet SEED=yourname", WRONG_USE)
    print(Sheet(arguments.seed).text(), end="")


def add_commands(commands):
    parser = commands.add_parser("sheet",
                                 help="lab 0's questions for one student")
    parser.add_argument("--seed", default="", metavar="NAME",
                        help="whose sheet: other names, other questions")
    parser.set_defaults(run=print_sheet)
