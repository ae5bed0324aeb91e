# SPDX-License-Identifier: MIT
"""Making hand-outs, and looking for solutions in them.

The solution is the text between the markers of the reference's files
(scripts/mallow/course/holes.py).  None of its lines may be found in a hand-out, apart
from those that the given parts of the sources have as well.
"""
import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Tree

from mallow.course import handout, holes

TELLING = 20  # characters, from which on a line is told from others


def hand_out(folder, *words, **environment):
    """`make handout`, run in this tree."""
    return subprocess.run(
        ["make", "-C", str(ROOT), "--no-print-directory",
         f"PYTHON={sys.executable}", "handout", f"DIR={folder}", *words],
        text=True, capture_output=True, stdin=subprocess.DEVNULL, check=False,
        timeout=120, env={**os.environ, "MAKEFLAGS": "", **environment})


def share_objects(root, but="nothing"):
    """Gives a tree the objects that this one was built from, where the source and
    every header that it includes are the same.  A build makes the others, and
    those of the folder `but`."""
    ours, theirs = ROOT / "build/gcc", root / "build/gcc"
    theirs.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ours / ".tools", theirs / ".tools")  # older than the objects
    for depends in ours.rglob("*.d"):
        rule = depends.read_text().split("\n\n")[0].replace("\\\n", " ")
        names = rule.splitlines()[0].split(":", 1)[1].split()
        if but not in str(depends) and all(same(ROOT / name, root / name) for name in names):
            for path in (depends, depends.with_suffix(".o")):
                copy = theirs / path.relative_to(ours)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)


def same(one, other):
    return other.is_file() and one.read_bytes() == other.read_bytes()


def git(where, *words, check=True):
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    return subprocess.run(["git", *who, *words], cwd=where, text=True,
                          capture_output=True, check=check).stdout


def fresh_hand_out():
    """A hand-out, made once for the tests of all workers, which copy it."""
    room = Path(os.environ["MALLOW_TEST_ROOM"], "hand-out")
    room.mkdir(exist_ok=True)
    folder, complete = room / "a student", room / "complete"
    with (room / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            shutil.rmtree(folder, ignore_errors=True)
            done = hand_out(folder)
            assert done.returncode == 0, done.stderr
            complete.touch()
    return folder


@pytest.fixture(name="student")
def a_students_tree(tmp_path):
    folder = tmp_path / "a student"
    shutil.copytree(fresh_hand_out(), folder, symlinks=True)
    git(folder, "status")  # looks at the copies, and notes their times
    return Tree(folder)


def texts(folder):
    """(name, text) of every file of a hand-out that is text."""
    for name in git(folder, "ls-files", "-z").rstrip("\0").split("\0"):
        try:
            yield name, (folder / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            pass


def reference_files():
    for path in sorted(ROOT.glob("src/**/*.[ch]")):
        text = path.read_text(encoding="utf-8")
        if holes.find(text):
            yield path.relative_to(ROOT), text


def telling_lines(labs):
    """The lines of these labs' solutions that are nowhere in what is given,
    such as the head of a common loop."""
    lines = {line.strip() for _, text in reference_files()
             for hole in holes.find(text) if hole.lab in labs
             for line in hole.body.splitlines()}
    given = "".join(holes.dig(path.read_text(encoding="utf-8"))
                    for folder in ("src", "labs")
                    for path in sorted(ROOT.glob(f"{folder}/**/*.[ch]"))
                    if not handout.is_staffs(str(path.relative_to(ROOT))))
    return {line for line in lines
            if len(line) >= TELLING and line not in given}


def leaks(folder, lines):
    return [f"{name}: {line}" for name, text in texts(folder)
            for line in lines if line in text]
