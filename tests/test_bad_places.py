# SPDX-License-Identifier: MIT
"""Places where software likes to fail: a path of odd letters, a bare environment,
no terminal, a tree that may not be written.  It works, or says why in a line."""
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from conftest import ROOT, copy_tree

ODD = "it's a \"plätze\" $HOME; tree"
BARE = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
NO_RIGHTS = 65534


def make(tree, *words, without_rights=False, **environment):
    """`make` without a terminal, in an environment with hardly a variable."""
    command = ["make", *words]
    if without_rights and os.getuid() == 0:
        command = ["setpriv", f"--reuid={NO_RIGHTS}", f"--regid={NO_RIGHTS}",
                   "--clear-groups", *command]
    done = subprocess.run(
        command, cwd=tree, text=True, capture_output=True, check=False,
        stdin=subprocess.DEVNULL, timeout=240, env={**BARE, **environment},
        encoding="utf-8", errors="replace")
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done


@pytest.fixture(scope="module", name="odd")
def an_odd_place():
    with tempfile.TemporaryDirectory() as folder:
        yield copy_tree(Path(folder) / ODD)


@pytest.mark.parametrize("words", [
    ["help"], ["status"], ["doctor"], ["iso"], ["sheet", "SEED=ada"],
    ["enable", "STAGE=heap"], ["debug", "STAGE=boot"]], ids=lambda it: it[0])
def test_a_path_of_odd_letters(odd, words):
    done = make(odd, *words)
    assert done.returncode == 0, done.stderr
    # Without HOME, gdb says that it keeps no index.
    assert words[0] == "debug" or done.stderr == ""


@pytest.mark.parametrize("words", [
    ["sheet", "SEED=it's"], ["status", "STAGE=$(false)`id`"],
    ["enable", "STAGE=';x"], ["replay", "TRACES=no 'such\" place"],
    ["run", "MEMORY=it's"]], ids=lambda it: it[0])
def test_odd_words_get_one_line(odd, words):
    done = make(odd, *words)
    said = [line for line in done.stderr.splitlines()
            if not re.match(r"make(\[\d+\])?: \*\*\*", line)]
    assert done.returncode == 0 or len(said) == 1, done.stderr


def test_building_and_replaying_there(odd):
    (odd / "src/main.c").touch()
    traces = odd / "my \"traces'"
    traces.mkdir()
    shutil.copy(ROOT / "traces/bash-arrays.rep", traces / "one.rep")
    done = make(odd, "replay", "STAGE=malloc", f"TRACES={traces}")
    assert done.returncode == 0, done.stderr
    assert "1 trace, 0 wrong" in done.stdout


@pytest.mark.long
def test_grading_there(odd):
    done = make(odd, "grade", "LAB=heap", "TEST=heap/first")
    assert done.returncode == 0, done.stderr
    assert "10 of  10" in done.stdout


@pytest.mark.parametrize("environment", [
    {}, {"HOME": "/nowhere"}, {"TERM": "none"}, {"LC_ALL": "xx_YY.UTF-8"},
    {"PYTHONIOENCODING": "ascii"}, {"TMPDIR": "/tmp"}],
    ids=lambda it: "-".join(it) or "bare")
def test_a_bare_environment(odd, environment):
    for words in (["status"], ["debug", "STAGE=boot"]):
        done = make(odd, *words, **environment)
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module", name="read_only")
def a_tree_that_may_not_be_written():
    """Of another user, and without a right to write in it."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    tree = copy_tree(folder / "tree")
    make(tree, "iso")
    subprocess.run(["chmod", "-R", "a-w,a+rX", tree], check=True)
    yield tree
    subprocess.run(["chmod", "-R", "u+w", tree], check=True)
    shutil.rmtree(folder)


@pytest.mark.parametrize("words", [
    ["help"], ["status"], ["doctor"], ["iso"]], ids=lambda it: it[0])
def test_what_writes_nothing_works_in_a_read_only_tree(read_only, words):
    done = make(read_only, *words, without_rights=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", [
    ["enable", "STAGE=heap"], ["disable"], ["iso", "LLVM=1"],
    ["debug", "STAGE=boot"], ["replay", "STAGE=heap"]],
    ids=lambda it: it[0])
def test_what_must_write_says_so(read_only, words):
    done = make(read_only, *words, without_rights=True)
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines()
             if not re.match(r"make(\[\d+\])?: \*\*\*", line)]
    assert len(lines) == 1, done.stderr
    assert re.search("written|[Pp]ermission denied", lines[0])
