# SPDX-License-Identifier: MIT
"""The texts show the real output, in the finished kernel (transcripts.py);
test_reader.py follows a lab as its reader does."""
import itertools
import re
import subprocess
from pathlib import Path

import pexpect
import pytest
from conftest import ROOT
from guest import PROMPT, clean
from pexpect.popen_spawn import PopenSpawn
from transcripts import (SECONDS, Prompts, Step, blocks, compare, environment,
                         run_gdb)

from mallow import stages

TEXTS = [path.relative_to(ROOT) for path in
         [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")),
          *sorted(ROOT.glob("labs/*/README.md")),
          *sorted(ROOT.glob("labs/*/hints.md"))]]
LABS = [path for path in TEXTS
        if path.parts[0] == "labs" and path.name == "README.md"]
UNCHECKED_MOST = 3  # blocks, of one text
# Whose commands replay or grade a lot: in `make test-all`.
LONG = ["docs/instructors.md", *(f"labs/{lab}/README.md" for lab in (
    "3-heap", "4-malloc", "5-zalloc", "6-spans", "7-armour", "8-grow"))]

def of_language(language):
    """[(text, its blocks)], of texts that have such blocks."""
    wanted = (language, "file") if language == "console" else (language,)
    pairs = [(path, [block for block in blocks(path)
                     if block.language in wanted]) for path in TEXTS]
    return [(path, found) for path, found in pairs if found]


# -- console ------------------------------------------------------------------

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

@pytest.mark.parametrize("found", [
    pytest.param(found, id=str(path))
    for path, found in of_language("mallow")])
def test_mallow(found, boot):
    prompts = Prompts(boot)
    for block in found:
        prompts.run(block)


# -- gdb ----------------------------------------------------------------------

def sessions():
    """The gdb blocks of each session; the first of each text runs everywhere."""
    found = []
    for path in TEXTS:
        mine = [block for block in blocks(path) if block.language == "gdb"]
        together = [list(group) for _, group in itertools.groupby(
            mine, lambda block: block.session)]
        found += [pytest.param(group, id=group[0].where,
                               marks=pytest.mark.native if number else [])
                  for number, group in enumerate(together)]
    return found


@pytest.mark.parametrize("found", sessions())
def test_gdb(found, tmp_path):
    run_gdb(found, ROOT, tmp_path)


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
    hints = path.with_name("hints.md")
    levels = (ROOT / hints).read_text(encoding="utf-8").count("\n## Level") \
        if (ROOT / hints).exists() else 0
    assert text.count("<details>") == text.count("</details>")
    assert text.count("<details>") + levels >= 3, "hints of three levels"
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
