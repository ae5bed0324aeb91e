# SPDX-License-Identifier: MIT
"""Attacks on the grader (attacks.py): each is refused, gets no more points than
honest work, or is reported as not graded."""
import asyncio
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import attacks
import pytest

from mallow import labs
from mallow.grade import (compiler_sandbox, grade, guest_machine, stillness,
                          submissions)
from mallow.grade.build import Kit
from mallow.grade.student_files import Refused
from mallow.project import ROOT

NAME = "src/mm/malloc/malloc.c"
MALLOC = (ROOT / NAME).read_text(encoding="utf-8")
HEAD = "void *malloc_alloc(size_t bytes, size_t alignment)\n{\n"
BODY = re.compile(re.escape(HEAD) + r".*?\n}\n", re.DOTALL)


@pytest.fixture(scope="module")
def kit():
    return Kit()


@pytest.fixture
def build(kit, tmp_path):
    """build(text): the kernel of a malloc.c; Refused."""
    lab, = labs.resolve("malloc")

    def make(text):
        (tmp_path / "malloc.c").write_bytes(text.encode())
        with grade.workshop() as folder:
            made = kit.students(tmp_path, lab, Path(folder) / "taken")
            return kit.kernel(Path(folder) / "malloc", made)

    return make


def test_there_are_enough():
    kinds = (attacks.TEXT, attacks.OBJECT, attacks.MEMORY, attacks.NAMES,
             attacks.NEUTRAL)
    assert sum(map(len, kinds)) >= 90


def test_the_table_names_tests_that_exist():
    rows = re.findall(r"^\| .* \| .* \| (`test.*) \|$", (
        ROOT / "docs/grading.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) > 25
    for name in re.findall(r"`(\w+)`", " ".join(rows)):
        assert (ROOT / f"tests/{name}.py").is_file(), name


# -- What is handed in -----------------------------------------------------------

@pytest.mark.parametrize("text", [
    pytest.param(text, id=name,
                 marks=pytest.mark.long if name in attacks.SLOW else [])
    for name, text in {**attacks.TEXT, **attacks.OBJECT}.items()])
def test_refused(build, text):
    with pytest.raises(Refused) as caught:
        build(text + MALLOC)
    assert "root:" not in str(caught.value), "a file of this machine is shown"


@pytest.mark.parametrize("text", [
    pytest.param(text, id=name,
                 marks=pytest.mark.long if name in attacks.SLOW else [])
    for name, text in attacks.READERS.items()])
def test_a_plain_folder_shows_no_file(build, kit, monkeypatch, text):
    """The compiler could read the file there, and the grader does not show it."""
    compiler = kit.compiler
    folder = compiler_sandbox.Folder(compiler_sandbox.needed_files(compiler.words))
    monkeypatch.setattr(compiler, "sandbox", folder)
    monkeypatch.setattr(compiler, "inside", compiler.words)
    with pytest.raises(Refused) as caught:
        build(text + MALLOC)
    assert "/bin" not in str(caught.value), "a line of /etc/passwd"


@pytest.mark.parametrize("text", attacks.NEUTRAL.values(), ids=attacks.NEUTRAL)
def test_neutral(kit, tmp_path, text):
    (tmp_path / "malloc.c").write_text(text + MALLOC)
    assert grade.one_test(tmp_path, "malloc/first", kit=kit).passed


@pytest.mark.parametrize("does, before, test", [
    pytest.param(*case, id=name, marks=pytest.mark.long
                 if name in attacks.SLOW else [])
    for name, case in attacks.MEMORY.items()])
def test_memory(kit, tmp_path, does, before, test):
    text, count = BODY.subn(lambda _: before + HEAD + does + "}\n", MALLOC)
    assert count == 1
    (tmp_path / "malloc.c").write_text(text)
    said = grade.one_test(tmp_path, f"malloc/{test}", kit=kit)
    assert said.graded and not said.passed, said


def test_what_is_printed_is_bounded(kit, tmp_path, monkeypatch):
    """The machine ends soon after its output has passed the limit."""
    does, before, _ = attacks.MEMORY["printing without end"]
    monkeypatch.setattr(guest_machine, "OUTPUT_BYTES_MAX", 8 << 10)
    (tmp_path / "malloc.c").write_text(
        BODY.sub(lambda _: before + HEAD + does + "}\n", MALLOC))
    said = grade.one_test(tmp_path, "malloc/first", kit=kit)
    assert said.graded and not said.passed
    assert "has printed more than" in said.message


SCAN = """
static bool is_at(const volatile char *at, const char *key, unsigned length)
{
    for (unsigned i = 0; i < length; i++) {
        if (at[i] != (char)(key[i] ^ 1))
            return false;
    }
    return true;
}

/* The key is not in memory as it is. */
static void scan(void)
{
    static const char key[] = "%s";

    for (uintptr_t at = 0xC0000000u; at < 0xC0000000u + (96u << 20); at++) {
        if (*(const volatile char *)at == (char)(key[0] ^ 1) &&
            is_at((const volatile char *)at, key, sizeof key - 1))
            panic("found at %%#lx", (unsigned long)at);
    }
}

"""


@pytest.mark.parametrize("name", [
    "coalesce-between", "hidden-gaps",
    pytest.param("make-help", marks=pytest.mark.long)])
def test_a_scan_of_memory(kit, tmp_path, name):
    """The lab's own tests are in its kernel, staff's are not, and neither are
    staff's traces."""
    key = "".join(f"\\{ord(each) ^ 1:03o}" for each in name)
    text = MALLOC.replace(HEAD, SCAN % key + HEAD + "    scan();\n")
    (tmp_path / "malloc.c").write_text('#include "lib/panic.h"\n' + text)
    said = grade.one_test(tmp_path, "malloc/first", kit=kit)
    assert ("found at" in said.message) == (name == "coalesce-between"), said


# -- Names, files ------------------------------------------------------------------

@pytest.fixture
def grade_class(tmp_path):
    """grade_class(folder, words...): ({name: row}, what was printed, status)."""
    def run(folder, *words):
        done = subprocess.run(
            [sys.executable, ROOT / "scripts/mallow.py", "grade", "--all",
             f"--submissions={folder}", "--lab=malloc", "--test=first", *words],
            capture_output=True, check=False, stdin=subprocess.DEVNULL)
        said = (done.stdout + done.stderr).decode("utf-8")
        place = re.search(r"build/\S+scores\.csv", said)
        assert place, said
        with (ROOT / place.group()).open(encoding="utf-8", newline="") as file:
            return ({row["name"]: row for row in csv.DictReader(file)}, said,
                    done.returncode)

    return run


@pytest.mark.parametrize("names", [
    attacks.NAMES[::3], pytest.param(attacks.NAMES, marks=pytest.mark.long)],
    ids=["some", "all"])
def test_names(grade_class, tmp_path, names):
    """A class of nothing but names, and one honest student at its end."""
    folder = tmp_path / "class"
    for name in names:
        os.makedirs(os.fsencode(folder) + b"/" + name)
    (folder / "zoe").mkdir()
    (folder / "zoe/malloc.c").write_text(MALLOC)
    rows, said, status = grade_class(folder)
    visible = [name for name in names if not name.startswith(b".")]
    assert len(rows) == len(visible) + 1 and status == 0
    assert rows.pop("zoe")["score"] == "5"
    assert all("has no files" in row["reason"] for row in rows.values())
    assert len({row["folder"] for row in rows.values()}) == len(rows)
    assert not [name for name in rows if name[0] in "=+-@"], "a formula"
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202e]", said)
    assert not list(tmp_path.glob("**/owned"))


def test_files_that_are_something_else(grade_class, tmp_path):
    honest = tmp_path / "honest/malloc.c"
    honest.parent.mkdir()
    honest.write_text(MALLOC)
    folder = tmp_path / "class"
    folder.mkdir()
    reasons = attacks.make_host(folder, honest)
    rows, _, status = grade_class(folder)
    assert status == 0 and set(rows) == set(reasons)
    for name, why in reasons.items():
        assert why in rows[name]["reason"], (name, rows[name])
        assert rows[name]["score"] == "0"


# -- A machine that waits -------------------------------------------------------

@pytest.mark.parametrize("command, still", [
    ("sleep 9", True), ("while :; do :; done", False), ("kill -STOP $$", False)],
    ids=["asleep", "at work", "stopped by a user"])
@pytest.mark.skipif(not os.path.isdir("/proc/self/task"), reason="needs /proc")
def test_standing_still(monkeypatch, command, still):
    monkeypatch.setattr(stillness, "SECONDS", 0.3)
    monkeypatch.setattr(stillness, "LOOK_SECONDS", 0.05)

    async def watch(child):
        try:
            await asyncio.wait_for(stillness.stands_still(child.pid), 1)
        except asyncio.TimeoutError:
            return False
        return True

    child = subprocess.Popen(["/bin/sh", "-c", command])
    try:
        assert asyncio.run(watch(child)) == still
    finally:
        child.kill()
        child.wait()


# -- What this computer does to a grading ------------------------------------------

def children(pid):
    """Processes below one, of all generations."""
    found = subprocess.run(["ps", "-eo", "pid=,ppid=,comm="], text=True,
                           capture_output=True, check=True).stdout
    rows = [line.split(None, 2) for line in found.splitlines()]
    below, result = {str(pid)}, []
    for _ in range(8):
        for child, parent, name in rows:
            if parent in below and child not in below:
                below.add(child)
                result.append((int(child), name))
    return result


def kill_machines(grader, times):
    """Kills the machines of a test, up to a limit."""
    while grader.poll() is None and times > 0:
        time.sleep(0.002)
        for pid, name in children(grader.pid):
            command = Path(f"/proc/{pid}/cmdline")
            try:
                if name.startswith("qemu") and \
                        b"-incoming" in command.read_bytes():
                    os.kill(pid, signal.SIGKILL)
                    times -= 1
            except OSError:
                pass


@pytest.mark.parametrize("times, status", [(1, 0), (99, 3)])
def test_a_machine_is_killed(tmp_path, times, status):
    """Once: tried again.  Always: not graded, and no hint about the code."""
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann/malloc.c").write_text(MALLOC)
    grader = subprocess.Popen(
        [sys.executable, ROOT / "scripts/mallow.py", "grade", "--lab=malloc",
         "--test=first", f"--submission={tmp_path / 'ann'}",
         f"--out={tmp_path / 'out'}"], stdout=subprocess.PIPE, text=True,
        stderr=subprocess.STDOUT)
    kill_machines(grader, times)
    said, _ = grader.communicate()
    assert grader.returncode == status, said
    results = json.loads((tmp_path / "out/results.json").read_text())
    if status == 0:
        assert results["score"] == 5
    else:
        assert "score" not in results and "hint" not in said
        assert "NOT GRADED" in said and "signal 9" in said


def test_a_disk_is_full(kit, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(guest_machine, "lay_out", full)
    (tmp_path / "malloc.c").write_text(MALLOC)
    monkeypatch.setattr(grade.run_test.Runner, "list", lambda self, saved:
                        known())

    async def known():
        return grade.known_tests()

    said = grade.one_test(tmp_path, "malloc/first", kit=kit)
    assert not said.graded and "No space left" in said.message


@pytest.mark.long
def test_two_classes_at_once(tmp_path):
    folder = tmp_path / "class"
    for name in ("ann", "bob"):
        (folder / name).mkdir(parents=True)
        (folder / name / "malloc.c").write_text(MALLOC)
    command = [sys.executable, ROOT / "scripts/mallow.py", "grade", "--all",
               f"--submissions={folder}", "--lab=malloc", "--test=first"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            for _ in range(2)]
    said = [each.communicate()[0] for each in both]
    places = [re.search(r"build/\S+scores\.csv", each).group() for each in said]
    assert len(set(places)) == 2
    for place in places:
        rows = list(csv.DictReader((ROOT / place).open()))
        assert [row["score"] for row in rows] == ["5", "5"]
    shutil.rmtree(submissions.BUILD / "grade-2", ignore_errors=True)
