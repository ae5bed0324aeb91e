# SPDX-License-Identifier: MIT
"""Transcripts in texts: what a reader types, and what must come.

    ```console    $ lines are run in a copy of the tree; a line `mallow> ...`
                  after `$ make run` is typed at the prompt it shows
    ```mallow     mallow> lines are typed at the prompt of a booted kernel
    ```gdb        (gdb) lines are typed in gdb

A block below <!-- file: NAME --> is written to that file, in the same copy.

Below each line that is typed stands what must come, to the last line: `...`
alone on a line for any lines, `…` inside one for any text.  A comment above
says which kernel the next mallow and gdb blocks have, <!-- stage: heap -->,
also with a size of memory or options, <!-- stage: boot memory=93M -->.  Blocks
that follow each other go on where the one before has ended: at one prompt, in
one session of gdb.  That comment begins a new one; so does <!-- written: ... -->,
below which the reader writes code, builds and boots again.

    <!-- stage: spans solved -->     what the finished lab does: the reference
                                     is booted, whatever the reader has written
    <!-- unchecked: why -->          shows what this tree cannot

Where the heap lies depends on all the rest of the kernel.  So the address that
`mallow> alloc` shows in a text stands for what the kernel answers there, in all
that is typed and shown after it.
"""
import os
import re
import subprocess
import sys
from typing import NamedTuple

import pexpect
import pytest
import saved_qemu
from conftest import ROOT
from guest import PROMPT, clean

PIECE = re.compile(
    r"^<!-- stage: (?P<stage>\w+)(?P<words>[^>]*?) -->$"
    r"|^<!-- (?P<written>written)\b[^>]+ -->$"
    r"|^<!-- unchecked: (?P<unchecked>[^>]+) -->$"
    r"|^<!-- file: (?P<file>\S+) -->$"
    r"|^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
STARTS = {"console": "$ ", "mallow": PROMPT, "gdb": "(gdb) "}
ENDS = ("crash ", "exit", "reboot")  # commands after which there may be none
SECONDS = 120
SOLVED = "solved"
MARK = "@@@"
RESET = "0xfff0"


class Step(NamedTuple):
    """A line that is typed, and what the text says of it."""
    kind: str
    typed: str
    shown: str


class Block(NamedTuple):
    where: str  # file:line
    language: str  # "file": its name and text are the one step
    stage: str
    words: list
    steps: list
    session: int  # blocks of one number share a prompt, or a session of gdb


def steps_of(body, language):
    starts = [STARTS[language]] + ([PROMPT] if language == "console" else [])
    steps = []
    for line in body.splitlines():
        start = next((one for one in starts if line.startswith(one)), None)
        if start:
            steps.append([start, line[len(start):], []])
        elif steps:
            steps[-1][2].append(line)
        else:
            pytest.fail(f"nothing is typed above: {line}")
    return [Step(start, typed, "\n".join(shown))
            for start, typed, shown in steps]


def blocks(path):
    """The blocks of a text that can be checked."""
    text = (ROOT / path).read_text(encoding="utf-8")
    found, stage, words, unchecked, file = [], None, [], False, None
    session = 0
    for piece in PIECE.finditer(text):
        if piece["stage"]:
            stage, words = piece["stage"], piece["words"].split()
            session += 1
        elif piece["written"]:
            session += 1
        elif piece["unchecked"]:
            unchecked = True
        elif piece["file"]:
            file = piece["file"]
        else:
            language = piece["language"]
            where = f"{path}:{text.count(chr(10), 0, piece.start()) + 1}"
            if file:
                found.append(Block(where, "file", stage, words,
                                   [Step("", file, piece["body"])], session))
            elif language in STARTS and not unchecked:
                found.append(Block(where, language, stage, words,
                                   steps_of(piece["body"], language), session))
            unchecked, file = False, None
    return found


def lines_of(text):
    return [line.rstrip() for line in text.strip("\n").splitlines()
            if not line.startswith("  CC ")]


def pattern(shown):
    """The output in a text, as a regular expression."""
    parts = []
    for line in lines_of(shown):
        if line.strip() == "...":
            parts.append(r"(?:.*\n)*?")
        else:
            words = [re.escape(word) for word in line.split("…")]
            parts.append(".*".join(words) + r"\n")
    return re.compile("".join(parts))


def compare(where, step, said):
    said = "\n".join(lines_of(said))
    if not pattern(step.shown).fullmatch(said + "\n" if said else ""):
        pytest.fail(f"{where}: {step.kind}{step.typed}\n"
                    f"--- the text shows\n{step.shown}\n--- what came\n{said}",
                    pytrace=False)


def environment():
    """As at a terminal without colours; nothing of an outer make."""
    kept = {name: value for name, value in os.environ.items()
            if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "DISPLAY",
                            "WAYLAND_DISPLAY", "V", "STAGE", "SEED", "TEST")}
    return {**kept, "TERM": "dumb", "NO_COLOR": "1", "PYTHON": sys.executable,
            "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}


class Addresses:
    """The answers of `alloc` in a text, and its answers here."""

    ADDRESS = re.compile(r"\b0x[0-9a-f]{8}\b")
    ANSWER = re.compile(r"^(0x[0-9a-f]{8}), (?:\d+|…) bytes")

    def __init__(self):
        self.here, self.in_text = {}, {}

    def learn(self, shown, said):
        pair = [self.ANSWER.match(one) for one in (shown, said)]
        if all(pair):
            text, real = (one[1] for one in pair)
            self.here[text], self.in_text[real] = real, text

    def to_type(self, line):
        return self.ADDRESS.sub(lambda at: self.here.get(at[0], at[0]), line)

    def as_shown(self, said):
        return self.ADDRESS.sub(lambda at: self.in_text.get(at[0], at[0]),
                                said)


def memory_of(block):
    sizes = [word.partition("=")[2] for word in block.words
             if word.startswith("memory=")]
    return {"memory_size": sizes[0]} if sizes else {}


def options_of(block):
    return [word for word in block.words
            if not word.startswith("memory=") and word != SOLVED]


def last_words(guest, line):
    """The answer to a line that may end the machine, and whether a prompt
    comes again."""
    guest.console.send(line + "\r")
    guest.console.expect_exact([PROMPT, pexpect.EOF])
    return (clean(guest.console.before).partition("\n")[2],
            guest.console.after == PROMPT)



class Prompts:
    """Types mallow blocks, in order, at prompts that it boots as they need."""

    def __init__(self, boot):
        self.boot = boot
        self.guest, self.like, self.addresses = None, None, None

    def again(self):
        """The next block needs a machine of its own: another kernel."""
        self.guest = None

    def run(self, block, **where):
        assert block.stage, f"{block.where}: no <!-- stage: ... --> above"
        like = (block.stage, block.words, block.session)
        if self.guest is None or self.like != like:
            self.guest = self.boot(f"stage={block.stage}", *options_of(block),
                                   **memory_of(block), **where)
            self.guest.prompt()
            self.like, self.addresses = like, Addresses()
        for step in block.steps:
            self.step(block, step)

    def step(self, block, step):
        if (step.typed + " ").startswith(ENDS):
            said, alive = last_words(self.guest, step.typed)
            self.guest = self.guest if alive else None
        else:
            said = self.guest.ask(self.addresses.to_type(step.typed))
            if step.typed.startswith("alloc "):
                self.addresses.learn(step.shown, said)
        compare(block.where, step, self.addresses.as_shown(said))


def starts_at_the_kernel(steps, folder):
    """For a session that does not look at the machine's reset."""
    if any(RESET in step.shown for _, step in steps):
        return {}
    return {"PATH": saved_qemu.put_before(folder)}


def run_gdb(found, root, folder):
    """Types the blocks of one session, at `make debug` of the tree `root`."""
    first, steps = found[0], [(block, step) for block in found
                              for step in block.steps]
    assert first.stage, f"{first.where}: no <!-- stage: ... --> above"
    script = folder / "commands"
    script.write_text("".join(f"echo \\n{MARK}\\n\n{step.typed}\n"
                              for _, step in steps)
                      + f"echo \\n{MARK}\\n\n", encoding="utf-8")
    sizes = [f"--memory={size}" for size in memory_of(first).values()]
    done = subprocess.run(
        [sys.executable, str(root / "scripts" / "mallow.py"), "debug",
         f"--log={folder / 'log'}", f"--stage={first.stage}", *sizes,
         f"--options={' '.join(options_of(first))}", "--", "-batch",
         "-x", str(script)],
        text=True, stdin=subprocess.DEVNULL, capture_output=True,
        timeout=SECONDS, check=False,
        env={**environment(), **starts_at_the_kernel(steps, folder)})
    said = done.stdout.split(f"\n{MARK}\n")[1:-1]
    for (block, step), answer in zip(steps, said):
        compare(block.where, step, answer)
    assert len(said) == len(steps), \
        f"{first.where}\n{done.stdout}{done.stderr}"
