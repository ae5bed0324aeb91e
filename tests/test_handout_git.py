# SPDX-License-Identifier: MIT
"""A hand-out's repository: where it may lie, and how it grows into work."""
import os

import pytest
from handouts import (a_students_tree, git, hand_out, leaks, reference_files,
                      telling_lines)

from mallow.course import handout_git, holes

__all__ = ["a_students_tree"]  # a fixture


# -- Where to ------------------------------------------------------------------

def test_nowhere():
    done = hand_out("")
    assert done.returncode != 0 and "make handout DIR=" in done.stderr


def test_not_over_what_is_there(tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    done = hand_out(tmp_path)
    assert done.returncode != 0 and "not empty, and no hand-out" in done.stderr
    assert os.listdir(tmp_path) == ["thesis.tex"]
    done = hand_out(tmp_path / "thesis.tex")
    assert done.returncode != 0 and "is not a folder" in done.stderr


@pytest.mark.parametrize("where", [".", "build/students", "labs"])
def test_not_into_this_tree(where):
    done = hand_out(where)
    assert done.returncode != 0 and "inside this tree" in done.stderr


def test_into_an_empty_repository(tmp_path):
    """Such as a clone of one that has just been made on a server."""
    git(tmp_path, "init", "-q")
    assert hand_out(tmp_path).returncode == 0
    assert git(tmp_path, "log", "--oneline").count("\n") == 1


def test_inside_another_repository(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "mine").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "mine")
    assert hand_out(tmp_path / "students").returncode == 0
    assert git(tmp_path, "log", "--oneline").count("\n") == 1
    assert os.listdir(tmp_path / "students").count("Makefile") == 1


def test_without_an_identity_and_with_odd_settings(tmp_path):
    config = tmp_path / "gitconfig"
    config.write_text("[commit]\ngpgSign = true\n[user]\nuseConfigOnly = true\n"
                      "[core]\nautocrlf = true\n[init]\n"
                      "defaultBranch = trunk\n")
    settings = {"GIT_CONFIG_GLOBAL": str(config), "GIT_DIR": "/nowhere",
                "HOME": str(tmp_path)}
    folder = tmp_path / "students"
    for words in ([], ["OPEN=1"]):
        done = hand_out(folder, *words, **settings)
        assert done.returncode == 0, done.stderr
    assert b"\r" not in (folder / "Makefile").read_bytes()


# -- Again, into a student's work ----------------------------------------------

def write_bodies(student, lab, change=lambda body: body):
    """The work of a student: the bodies of a lab's functions, in own words."""
    for path, text in reference_files():
        if any(hole.lab == lab for hole in holes.find(text)):
            own = student.root / path
            own.write_text(holes.fill(own.read_text(), change(text)))


def commit(student, message="my work"):
    git(student.root, "commit", "-q", "-a", "-m", message)


def test_it_merges_into_work(student):
    write_bodies(student, 1)
    student.replace("src/main.c", "/* The kernel's table of contents.",
                    "/* My kernel's table of contents.")
    (student.root / "STAGE").write_text("paging\n")
    commit(student)
    done = hand_out(student.root, "OPEN=0", "LAST=6")
    assert done.returncode != 0, "LAST=7 has been handed out"
    done = hand_out(student.root, "OPEN=3")
    assert done.returncode == 0, done.stderr
    assert "My kernel's" in (student.root / "src/main.c").read_text()
    assert (student.root / "STAGE").read_text() == "paging\n"
    assert git(student.root, "status", "--porcelain") == ""
    for path, text in reference_files():
        if all(hole.lab <= 3 for hole in holes.find(text)):
            assert [hole.body for hole in holes.find(
                (student.root / path).read_text())] == \
                [hole.body for hole in holes.find(text)]


def test_the_students_own_function_stays(student):
    """Lab 1 is the student's, in other words than ours; lab 2 was not done."""
    write_bodies(student, 1, lambda text: text.replace(
        "        /* LAB 1 BEGIN", "/* LAB 1 BEGIN").replace(
        "    /* LAB 1 END", "    /* mine */\n    /* LAB 1 END"))
    commit(student)
    mine = (student.root / "src/mm/frames/frames.c").read_text()
    assert mine.count("/* mine */") >= 5
    done = hand_out(student.root, "OPEN=2")
    assert done.returncode == 0, done.stderr
    assert "git checkout handout -- src/mm/frames/frames.c" in done.stdout
    assert (student.root / "src/mm/frames/frames.c").read_text() == mine
    assert leaks(student.root, telling_lines({2}))
    assert git(student.root, "status", "--porcelain") == ""
    assert "has it already" in hand_out(student.root).stdout


def test_work_that_is_not_committed_is_left_alone(student):
    write_bodies(student, 1)
    mine = (student.root / "src/mm/frames/frames.c").read_text()
    done = hand_out(student.root, "OPEN=2")
    assert done.returncode != 0
    assert "not committed" in done.stderr and "git merge handout" in done.stderr
    assert (student.root / "src/mm/frames/frames.c").read_text() == mine
    commit(student)
    done = hand_out(student.root)
    assert done.returncode == 0 and "brought up to date" in done.stdout
    assert leaks(student.root, telling_lines({2}))


def test_any_other_conflict_is_left_to_people(student):
    """Here: the student has changed what the new hand-out changes."""
    page = "labs/7-armour/README.md"
    folder = student.root.parent / "part"
    assert hand_out(folder, "LAST=6").returncode == 0
    (folder / page).write_text("# my armour\n")
    git(folder, "commit", "-q", "-a", "-m", "mine")
    head = git(folder, "rev-parse", "HEAD")
    done = hand_out(folder, "LAST=7")
    assert done.returncode != 0 and page in done.stderr
    assert "git merge handout" in done.stderr
    assert git(folder, "rev-parse", "HEAD") == head
    assert git(folder, "status", "--porcelain") == ""


def test_a_file_in_the_way(student):
    """Not known to git, and in the next hand-out."""
    folder = student.root.parent / "part"
    assert hand_out(folder, "LAST=4").returncode == 0
    (folder / "labs/5-zalloc/tests.c").write_text("mine")
    done = hand_out(folder, "LAST=5")
    assert done.returncode != 0 and "git merge" in done.stderr
    assert (folder / "labs/5-zalloc/tests.c").read_text() == "mine"


def test_a_clone_is_a_hand_out_too(student):
    """It has no branch `handout` of its own."""
    clone = student.root.parent / "clone"
    git(student.root.parent, "clone", "-q", str(student.root), str(clone))
    (clone / "notes.txt").write_text("mine")
    git(clone, "add", ".")
    git(clone, "commit", "-q", "-m", "notes")
    done = hand_out(clone, "OPEN=1")
    assert done.returncode == 0, done.stderr
    assert leaks(clone, telling_lines({1})) and (clone / "notes.txt").exists()


def test_the_branch_itself_may_be_checked_out(student):
    git(student.root, "checkout", "-q", handout_git.BRANCH)
    assert hand_out(student.root, "OPEN=1").returncode == 0
    assert git(student.root, "status", "--porcelain") == ""
    assert leaks(student.root, telling_lines({1}))


def test_packed_references(student):
    git(student.root, "pack-refs", "--all")
    assert hand_out(student.root, "OPEN=1").returncode == 0
