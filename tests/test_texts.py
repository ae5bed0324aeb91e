# SPDX-License-Identifier: MIT
"""What the texts show is what happens.

    ```console    $ lines are run in a copy of the tree; a line `mallow> ...`
                  behind `$ make run` is typed at the prompt it shows
    ```mallow     mallow> lines are typed at the prompt of a booted kernel
    ```gdb        (gdb) lines are run in a gdb session of their own

A block below <!-- file: NAME --> is written to that file, in the same copy.

Below each stands what must come, to the last line: `...` alone on a line for
any lines, `…` inside one for any text.  A comment above says which kernel the
next mallow and gdb blocks have, <!-- stage: heap -->, also with a size of
memory, <!-- stage: boot memory=93M -->.  A block below <!-- unchecked: why -->
shows what this tree cannot, such as half a solution.

Where the heap lies depends on all the rest of the kernel.  So the address that
`mallow> alloc` shows in a text stands for what the kernel answers there, in all
that is typed and shown after it.
"""
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pexpect
import pytest
from conftest import ROOT
from guest import PROMPT, clean
from pexpect.popen_spawn import PopenSpawn

from mallow import stages

TEXTS = [path.relative_to(ROOT) for path in
         [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")),
          *sorted(ROOT.glob("labs/*/README.md"))]]
LABS = [path for path in TEXTS if path.parts[0] == "labs"]
UNCHECKED_MOST = 3  # blocks, of one text
# Whose commands replay or grade a lot: in `make test-all`.
LONG = ["docs/instructors.md", *(f"labs/{lab}/README.md" for lab in (
    "3-heap", "4-malloc", "5-zalloc", "6-spans", "7-armour", "8-grow"))]

PIECE = re.compile(
    r"^<!-- stage: (?P<stage>\w+)(?P<words>[^>]*?) -->$"
    r"|^<!-- unchecked: (?P<unchecked>[^>]+) -->$"
    r"|^<!-- file: (?P<file>\S+) -->$"
    r"|^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
STARTS = {"console": "$ ", "mallow": PROMPT, "gdb": "(gdb) "}
ENDS = ("crash ", "exit", "reboot")  # commands after which there may be none
SECONDS = 120
MARK = "@@@"


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
    for piece in PIECE.finditer(text):
        if piece["stage"]:
            stage, words = piece["stage"], piece["words"].split()
        elif piece["unchecked"]:
            unchecked = True
        elif piece["file"]:
            file = piece["file"]
        else:
            language = piece["language"]
            where = f"{path}:{text.count(chr(10), 0, piece.start()) + 1}"
            if file:
                found.append(Block(where, "file", stage, words,
                                   [Step("", file, piece["body"])]))
            elif language in STARTS and not unchecked:
                found.append(Block(where, language, stage, words,
                                   steps_of(piece["body"], language)))
            unchecked, file = False, None
    return found


def of_language(language):
    """[(text, its blocks)], of texts that have such blocks."""
    wanted = (language, "file") if language == "console" else (language,)
    pairs = [(path, [block for block in blocks(path)
                     if block.language in wanted]) for path in TEXTS]
    return [(path, found) for path, found in pairs if found]


def each(language):
    """All blocks in a language; the first of each text runs everywhere."""
    return [pytest.param(block, id=block.where,
                         marks=pytest.mark.native if number else [])
            for path in TEXTS for number, block in enumerate(
                block for block in blocks(path) if block.language == language)]


def lines_of(text):
    return [line.rstrip() for line in text.strip("\n").splitlines()
            if not line.startswith("  CC ")]


def pattern(shown):
    """What a text shows, as a regular expression."""
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


# -- console ------------------------------------------------------------------

def environment():
    """As at a terminal without colours; nothing of an outer make."""
    kept = {name: value for name, value in os.environ.items()
            if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "DISPLAY",
                            "WAYLAND_DISPLAY", "V", "STAGE", "SEED", "TEST")}
    return {**kept, "TERM": "dumb", "NO_COLOR": "1", "PYTHON": sys.executable,
            "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}


def shell(root, line):
    done = subprocess.run(["bash", "-c", line], cwd=root, text=True,
                          env=environment(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=SECONDS, check=False)
    return done.stdout


class Session:
    """`make run`, up to its prompt; then what is typed there."""

    def __init__(self, root, line):
        self.child = PopenSpawn(["bash", "-c", f"exec {line} 2>&1"],
                                cwd=str(root), env=environment(),
                                timeout=SECONDS, encoding="utf-8",
                                codec_errors="replace")
        self.first = self.wait()

    def wait(self):
        self.child.expect_exact([PROMPT, pexpect.EOF])
        return clean(self.child.before)

    def ask(self, line):
        self.child.send(line + "\r")
        return self.wait().partition("\n")[2]

    def end(self):
        if self.child.after == PROMPT:
            self.child.send("exit\r")
            self.child.expect(pexpect.EOF)
        self.child.wait()


def write_file(block, root):
    path = root / block.steps[0].typed
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.steps[0].shown, encoding="utf-8")


def run_console(block, root):
    session = None
    for step in block.steps:
        if step.kind == PROMPT:
            said = session.ask(step.typed)
        elif session:
            session.end()
            session = None
        if step.kind != PROMPT and step.typed.startswith("make run"):
            session = Session(root, step.typed)
            said = session.first
        elif step.kind != PROMPT:
            said = shell(root, step.typed)
        compare(block.where, step, said)
    if session:
        session.end()


@pytest.mark.parametrize("found", [
    pytest.param(found, id=str(path),
                 marks=pytest.mark.long if str(path) in LONG else [])
    for path, found in of_language("console")])
def test_console(found, tree):
    """In order: what one block enables is enabled in the next."""
    for block in found:
        if block.language == "file":
            write_file(block, tree.root)
        else:
            run_console(block, tree.root)


# -- mallow -------------------------------------------------------------------

class Addresses:
    """What `alloc` has answered in a text, and what it has answered here."""

    ADDRESS = re.compile(r"\b0x[0-9a-f]{8}\b")
    ANSWER = re.compile(r"^(0x[0-9a-f]{8}), \d+ bytes")

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
    return [word for word in block.words if not word.startswith("memory=")]


def last_words(guest, line):
    """The answer to a line after which there may be no prompt, and whether
    there is one."""
    guest.console.send(line + "\r")
    guest.console.expect_exact([PROMPT, pexpect.EOF])
    return (clean(guest.console.before).partition("\n")[2],
            guest.console.after == PROMPT)


@pytest.mark.parametrize("found", [
    pytest.param(found, id=str(path))
    for path, found in of_language("mallow")])
def test_mallow(found, boot):
    """Blocks that follow each other at one stage share a boot, and go on where
    the one before has ended."""
    guest, like, addresses = None, None, None
    for block in found:
        assert block.stage, f"{block.where}: no <!-- stage: ... --> above"
        if guest is None or like != (block.stage, block.words):
            guest = boot(f"stage={block.stage}", *options_of(block),
                         **memory_of(block))
            guest.prompt()
            like, addresses = (block.stage, block.words), Addresses()
        for step in block.steps:
            if (step.typed + " ").startswith(ENDS):
                said, alive = last_words(guest, step.typed)
                guest = guest if alive else None
            else:
                said = guest.ask(addresses.to_type(step.typed))
                if step.typed.startswith("alloc "):
                    addresses.learn(step.shown, said)
            compare(block.where, step, addresses.as_shown(said))


# -- gdb ----------------------------------------------------------------------

@pytest.mark.parametrize("block", each("gdb"))
def test_gdb(block, tmp_path):
    assert block.stage, f"{block.where}: no <!-- stage: ... --> above"
    script = tmp_path / "commands"
    script.write_text("".join(f"echo \\n{MARK}\\n\n{step.typed}\n"
                              for step in block.steps)
                      + f"echo \\n{MARK}\\n\n", encoding="utf-8")
    sizes = [f"--memory={size}" for size in memory_of(block).values()]
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "mallow.py"), "debug",
         f"--log={tmp_path / 'log'}", f"--stage={block.stage}", *sizes,
         f"--options={' '.join(options_of(block))}", "--", "-batch",
         "-x", str(script)],
        text=True, stdin=subprocess.DEVNULL, capture_output=True,
        timeout=SECONDS, check=False, env=environment())
    said = done.stdout.split(f"\n{MARK}\n")[1:-1]
    assert len(said) == len(block.steps), \
        f"{block.where}\n{done.stdout}{done.stderr}"
    for step, answer in zip(block.steps, said):
        compare(block.where, step, answer)


# -- the texts themselves -------------------------------------------------------

def test_every_lab_has_its_text():
    assert {f"{path.parent}" for path in LABS} == \
        {lab for _, lab in stages.table() if lab}


@pytest.mark.parametrize("path", LABS, ids=str)
def test_lab_text(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```|<!--.*?-->", "", text, flags=re.DOTALL)
    words = len(prose.split())
    assert 900 <= words <= 2500, f"{words} words"
    assert text.count("<details>") == text.count("</details>") >= 3
    assert "```gdb\n" in text, "no gdb session"
    assert re.search(r"\bhours\b", text), "how long does it take?"
    assert text.count("<!-- unchecked: ") <= UNCHECKED_MOST
    assert not [line for line in prose.splitlines()
                if len(line) > 80 and not line.startswith("|")]


@pytest.mark.parametrize("path", TEXTS, ids=str)
def test_paths_exist(path):
    """`src/mm/frames/frames.c` in a text, and where a link leads."""
    text = (ROOT / path).read_text(encoding="utf-8")
    for name in re.findall(r"`((?:src|scripts|labs|docs|tests|traces|iso|bench"
                           r")/[\w./-]+)`", text):
        if not name.endswith("answers.txt"):
            assert (ROOT / name).exists(), f"{path}: {name}"
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" not in link:
            assert (ROOT / path.parent / Path(link)).exists(), \
                f"{path}: {link}"


def test_the_comparison_itself():
    """A wrong text is noticed."""
    said = "a 1\nb 2\nc 3"
    for right in ("a 1\nb 2\nc 3", "a …\n...\nc 3", "...", "a 1\n...",
                  "...\nc …", "a 1\nb 2\n...\nc 3"):
        compare("here", Step("$ ", "x", right), said)
    for wrong in ("", "a 1\nb 2", "a 1\nc 3", "b 2\nc 3", "a 1\nb 2\nc 4",
                  "a …", "...\nb …", "a 1\n...\nd"):
        with pytest.raises(pytest.fail.Exception):
            compare("here", Step("$ ", "x", wrong), said)
