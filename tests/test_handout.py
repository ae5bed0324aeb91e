# SPDX-License-Identifier: MIT
"""A hand-out: what is in it and what is not, and that it builds and boots."""
import os
import re
import shutil
from pathlib import Path

import pytest
from conftest import ROOT
from guest import start
from handouts import (a_students_tree, git, hand_out, leaks, reference_files,
                      share_objects, telling_lines, texts)

from mallow import machine, stages
from mallow.course import handout

__all__ = ["a_students_tree"]  # a fixture

STAGES = stages.names()
FORBIDDEN = re.compile(r"(^|/)(tests|bench|staff|faults|variants|\.ci)(/|$)"
                       r"|answers\.md|instructor|holes\.py|handout\.py"
                       r"|gradescope")
STAFFS_WORDS = re.compile(r"\bSTAFF\b|\bLAB \d+ BEGIN:|docs/instructors"
                          r"|make (test|lint|bench|grade-all|gradescope"
                          r"|pictures|handout)\b")


# -- What is in it -------------------------------------------------------------

def test_no_solution(student):
    for lab in range(1, 6):
        assert len(telling_lines({lab})) >= 8, "or the search finds nothing"
    assert not leaks(student.root, telling_lines(range(1, len(STAGES))))


def test_the_search_for_solutions_finds_them(student):
    shutil.copy(ROOT / "src/mm/malloc/malloc.c", student.root / "src/mm/malloc/malloc.c")
    assert len(leaks(student.root, telling_lines({4}))) >= 8


def test_nothing_of_staff(student):
    names = [name for name, _ in texts(student.root)]
    assert not [name for name in names if FORBIDDEN.search(name)]
    found = [f"{name}: {match[0]}" for name, text in texts(student.root)
             for match in STAFFS_WORDS.finditer(text)
             if name != "scripts/mallow/grade/submissions.py"]  # a part of grade.py
    assert not found


def test_every_staffs_file_is_known():
    """A list that names what is not there protects nothing."""
    for name in handout.STAFF:
        if name not in ("staff/", ".github/"):
            assert (ROOT / name).exists(), name


def test_one_commit(student):
    assert git(student.root, "log", "--all", "--oneline").count("\n") == 1
    assert git(student.root, "status", "--porcelain") == ""
    assert git(student.root, "branch", "--show-current") == "main\n"
    assert not list((student.root / ".git").glob("objects/info/alternates"))


def test_links_and_paths_lead_somewhere(student):
    for name, text in texts(student.root):
        if not name.endswith(".md"):
            continue
        for path in re.findall(r"`((?:src|scripts|labs|docs|tests|traces|iso"
                               r"|bench)/[\w./-]+)`", text):
            assert (student.root / path).exists() or \
                path.endswith("answers.txt"), f"{name}: {path}"
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            assert "://" in link or (student.root / name).parent.joinpath(
                link).exists(), f"{name}: {link}"


def test_the_readme_knows_every_lab(student):
    text = (student.root / "README.md").read_text()
    for number, (name, lab) in enumerate(stages.table()):
        assert f"| {number} | [{name}]({lab}/README.md) |" in text
    for path, _ in reference_files():
        assert f"`{path}`" in text, "a file that students write"


def test_the_makefile_offers_what_works(student):
    offered = re.findall(r"^  make ([a-z-]+) ", student.make("help").stdout,
                         re.MULTILINE)
    assert {"iso", "run", "debug", "check", "replay", "status"} <= set(offered)
    for name, text in texts(student.root):
        if name.endswith(".md"):
            for target in re.findall(r"`make ([a-z-]+)", text):
                assert target in offered, f"{name}: make {target}"
    for target in ("test", "lint", "handout", "bench"):
        assert "No rule" in student.make(target).stderr
    assert "* 1 frames" in student.make("status").stdout
    assert student.make("doctor").returncode == 0
    assert student.make("clean").returncode == 0
    assert not student.run("scripts/mallow.py", "handout").stdout


# -- It builds and boots -------------------------------------------------------

def holed_objects(toolchain):
    return [f"build/{toolchain}/{path.relative_to('src').with_suffix('.o')}"
            for path, _ in reference_files() if path.suffix == ".c"]


@pytest.mark.parametrize("tool, words, toolchain", [
    pytest.param("clang", ["LLVM=1"], "clang", marks=pytest.mark.native),
    pytest.param("i686-linux-gnu-gcc", ["CROSS_COMPILE=i686-linux-gnu-"],
                 "i686-linux-gnu-gcc", marks=pytest.mark.long),
    ("gcc", [], "gcc")])
def test_no_compiler_has_anything_to_say(student, tool, words, toolchain):
    """The files with holes; the rest is what the reference has."""
    if not shutil.which(tool):
        pytest.skip(f"there is no {tool}")
    for opened in ([], ["OPEN=1"], ["OPEN=4"]):
        assert hand_out(student.root, *opened).returncode == 0
        done = student.make(*words, "-j2", "EXTRA=-Werror",
                            *holed_objects(toolchain), seconds=400)
        assert (done.returncode, done.stderr) == (0, "")


def log_of(student, stage):
    guest = start(f"stage={stage}", "exit",
                  iso=student.root / "build" / "mallow.iso")
    return guest.finish()


def test_it_boots_at_every_stage_and_grows(student):
    """Also with a stage enabled above one that is not written."""
    last = len(STAGES) - 1
    for opened, numbers in ((0, (0, 1, 2, 5, last)), (2, (2, 3, last))):
        done = hand_out(student.root, f"OPEN={opened}")
        assert done.returncode == 0, done.stderr
        share_objects(student.root)
        done = student.make("iso", "-j2", seconds=500)
        assert (done.returncode, done.stderr) == (0, "")
        for number in numbers:
            log = log_of(student, STAGES[number])
            name, lab = stages.table()[min(number, opened + 1)]
            if number <= opened:
                assert log.status == machine.FINE, log.text
                assert "not written" not in log.text
            else:
                assert log.status != machine.FINE
                assert re.search(rf"^  {opened + 1} {name} +not written see "
                                 rf"{lab}$", log.text, re.MULTILINE), log.text
                assert "panic" not in log.text.lower()


def test_all_solved_is_the_reference(student):
    assert hand_out(student.root, f"OPEN={len(STAGES) - 1}").returncode == 0
    for path, text in reference_files():
        expected = re.sub(r"(/\* LAB \d+ BEGIN):[^*]* \*/", r"\1 */", text)
        assert (student.root / path).read_text() == expected


# -- OPEN and LAST -------------------------------------------------------------

def test_open_gives_the_solutions_so_far(student):
    done = hand_out(student.root, "OPEN=3")
    assert "brought up to date; labs 0 to" in done.stdout
    assert "1 to 3 solved" in done.stdout
    known = telling_lines({1, 2, 3})
    assert len(leaks(student.root, known)) >= 24
    later = telling_lines(range(4, len(STAGES)))
    assert not leaks(student.root, {line for line in later if not any(
        line in other for other in known)})


def test_a_course_of_labs_3_to_5(tmp_path):
    folder = tmp_path / "students"
    assert hand_out(folder, "OPEN=2", "LAST=5").returncode == 0
    assert (folder / "STAGE").read_text() == "heap\n"
    for number, (_, lab) in enumerate(stages.table()):
        page = (folder / lab / "README.md").read_text()
        assert ("has not been handed out" in page) == (number > 5)
        assert number <= 5 or len(os.listdir(folder / lab)) == 1
    assert hand_out(folder, "LAST=6").returncode == 0
    assert (folder / "labs/6-spans/README.md").read_text() == \
        (ROOT / "labs/6-spans/README.md").read_text()


def test_what_was_given_stays_given(student):
    assert hand_out(student.root, "OPEN=2").returncode == 0
    assert "has it already" in hand_out(student.root).stdout
    assert leaks(student.root, telling_lines({1}))
    done = hand_out(student.root, "OPEN=1")
    assert done.returncode != 0 and "OPEN=2 has been" in done.stderr


@pytest.mark.parametrize("words, said", [
    (["OPEN=x"], 'OPEN="x": the labs are 0 to'),
    (["OPEN=99"], 'OPEN="99": the labs are 0 to'),
    (["LAST=-1"], 'LAST="-1": the labs are 0 to'),
    (["OPEN=3", "LAST=2"], "OPEN=3 is above LAST=2")])
def test_wrong_words(tmp_path, words, said):
    done = hand_out(tmp_path / "students", *words)
    assert done.returncode != 0 and said in done.stderr
    assert not (tmp_path / "students").exists()


# -- From where ----------------------------------------------------------------

def test_from_a_tree_without_git(tree):
    """One that was unpacked from an archive."""
    folder = tree.root.parent / "students"
    assert not (tree.root / ".git").exists()
    done = tree.make("handout", f"DIR={folder}")
    assert done.returncode == 0, done.stderr
    assert not (folder / "build").exists()
    assert not leaks(folder, telling_lines(range(1, len(STAGES))))


@pytest.mark.parametrize("text", [
    "# STAFF BEGIN\nno end\n", "no begin\n# STAFF END\n"])
def test_half_a_marker_is_refused(tree, text):
    with (tree.root / "traces/README.md").open("a", encoding="utf-8") as file:
        file.write(text)
    done = tree.make("handout", f"DIR={tree.root.parent / 'students'}")
    assert done.returncode != 0
    assert "traces/README.md: a STAFF marker" in done.stderr


def test_this_file_is_staffs():
    assert handout.is_staffs(str(Path(__file__).relative_to(ROOT)))
