# SPDX-License-Identifier: MIT
"""make hunt: a student's test on wrong and right allocators, and planted faults
that can be found, with the answers that the sheet expects.

`make test` takes lab 4; `make test-all` every lab and every fault.
"""
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from handouts import a_students_tree, hand_out
from hunt_answers import by_gdb, changed_functions, session

from mallow import check, labs
from mallow.course import hunts
from mallow.hunt import break_it, find_it, packs
from mallow.project import Trouble

__all__ = ["a_students_tree"]  # a fixture

PLANS = hunts.plans()
PUBLIC = re.compile(r"\b(\w+)\(")

each_plan = pytest.mark.parametrize("plan", PLANS,
                                    ids=lambda plan: plan.lab.name)
some_plans = pytest.mark.parametrize("plan", [
    pytest.param(plan, id=plan.lab.name, marks=[] if plan.lab.name == "malloc"
                 else pytest.mark.long) for plan in PLANS])


# -- The plans -----------------------------------------------------------------

def test_every_coding_lab_has_hunts():
    assert [plan.lab for plan in PLANS] == labs.table()


@each_plan
def test_plan(plan):
    bugs = {bug["path"] for bug in plan.bugs}
    assert len(set(plan.wrong)) == 12 and len(bugs) == len(plan.bugs) >= 6
    assert not bugs & set(plan.wrong)
    assert all(path.is_file() for path in bugs | set(plan.wrong))
    assert [bug["level"] for bug in plan.bugs] == sorted(
        (bug["level"] for bug in plan.bugs), key=packs.LEVELS.index)
    assert len(plan.right) >= 3
    tests = {test.name for test in check.tests() if test.lab == plan.lab.name}
    assert {bug["test"] for bug in plan.bugs} <= tests
    assert all(set(bug["answers"]) <= set(find_it.QUESTIONS)
               for bug in plan.bugs)


@each_plan
def test_the_function_of_a_plan_has_the_fault(plan, tmp_path):
    for bug in plan.bugs:
        assert list(changed_functions(plan.lab, bug["path"], tmp_path)) == \
            [bug["answers"]["function"]], bug["patch"]


@each_plan
def test_the_function_called_is_one_of_the_lab(plan):
    headers = "".join(path.read_text(encoding="utf-8") for name
                      in plan.lab.files for path in
                      (ROOT / name).parent.glob("*.h"))
    for bug in plan.bugs:
        assert bug["answers"].get("during", "frame_alloc") in \
            [*PUBLIC.findall(headers), "frame_alloc"]


# -- What a student gets -------------------------------------------------------

@each_plan
def test_a_pack_gives_nothing_away(plan):
    pack = packs.folder(plan.lab)
    table = (pack / packs.TABLE).read_text(encoding="utf-8")
    names = [path.stem for path in plan.wrong] + \
        [bug["patch"] for bug in plan.bugs]
    for path in pack.glob("*.o"):
        text = path.read_bytes()
        assert not [name for name in names if name.encode() in text], path
        assert str(ROOT).encode() not in text
    assert not [name for name in names if name in table]
    for row, bug in zip(json.loads(table)["bugs"], plan.bugs):
        assert not set(row["answers"].values()) & set(bug["answers"].values())


def test_a_hand_out_has_those_of_its_labs(tmp_path):
    student = tmp_path / "students"
    assert hand_out(student, "LAST=4").returncode == 0
    found = {path.parent for path in student.glob(f"labs/*/{packs.FOLDER}")}
    assert {folder.name for folder in found} == {
        "1-frames", "2-paging", "3-heap", "4-malloc"}
    for folder in found:
        names = {path.name for path in (folder / packs.FOLDER).iterdir()}
        assert {"hunt.json", "right-1.o", "wrong-12.o", "bug-6.o"} <= names
        assert hunts.KEY not in names
        assert (folder / break_it.SOURCE).is_file()


@pytest.mark.long
def test_both_hunts_work_in_a_hand_out(student, tmp_path):
    assert hand_out(student.root, "OPEN=3").returncode == 0
    done = student.make("hunt", "LAB=malloc", seconds=600)
    assert "malloc/hunt                    0 of  10" in done.stdout
    assert student.make("iso", seconds=600).returncode == 0
    said = session(tmp_path, "malloc", 1, "mallow first", root=student.root)
    assert "broken after call" in said


# -- Break it ------------------------------------------------------------------

def lab_named(name):
    (lab,) = labs.resolve(name)
    return lab


def answer(lab, text, folder):
    """(points, why none, the answer's lines) of a student's hunt.c."""
    place = folder / Path(lab.folder).name
    place.mkdir()
    (place / break_it.SOURCE).write_text(text, encoding="utf-8")
    right, wrong = break_it.try_all(lab._replace(folder=str(place)))
    lines = "\n".join(break_it.table(lab, right, wrong))
    return *break_it.points(right, wrong), lines


def example(lab):
    return (ROOT / lab.folder / break_it.SOURCE).read_text(encoding="utf-8")


@some_plans
def test_ten_can_be_told_apart(plan, tmp_path):
    text = (hunts.folder_of(plan.lab) / break_it.SOURCE).read_text("utf-8")
    points, why, lines = answer(plan.lab, text, tmp_path)
    assert (points, why) == (10, ""), lines
    assert re.search(rf"^  {plan.lab.name}/hunt +10 of +10$", lines,
                     re.MULTILINE)


@some_plans
def test_the_example_tells_nothing_apart(plan, tmp_path):
    points, why, lines = answer(plan.lab, example(plan.lab), tmp_path)
    assert (points, why) == (0, "")
    assert lines.count("not told apart") == 12


@pytest.mark.long
@pytest.mark.parametrize("body, expected", [
    ('LAB_EXPECT(false, "never");', "mine fails a right allocator: "),
    ("for (int i = 0; i < 600; i++)\n        lab_free(lab_alloc(8));",
     "1201 calls of the allocator; 500 are")])
def test_what_counts_nothing(body, expected, tmp_path):
    lab = lab_named("malloc")
    start = "lab_heap_start(65536);"
    points, why, lines = answer(
        lab, example(lab).replace(start, f"{start}\n    {body}"), tmp_path)
    assert points == 0 and why.startswith(expected)
    assert f"It counts nothing: {expected}" in lines


@pytest.mark.parametrize("text, said", [
    ("#error no\n", "hunt.c does not compile:\n"),
    ('#include "labtest/test.h"\n', "hunt.c has no test in its table")])
def test_no_test(text, said, tmp_path):
    with pytest.raises(Trouble, match=said):
        answer(lab_named("malloc"), text, tmp_path)


# -- Find it -------------------------------------------------------------------

def hunt(*words):
    """The command in this tree; it writes nothing without a boot."""
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts/mallow.py"), "hunt", *words],
        text=True, capture_output=True, stdin=subprocess.DEVNULL, check=False)


def test_answers_are_compared_by_their_meaning():
    assert packs.plain("I3: no two free blocks touch") == packs.plain(" i3 ")
    assert packs.plain("block_split()") == packs.plain("`block_split`")
    assert packs.plain("0x10") == packs.plain("16") != packs.plain("17")


def test_a_seed_orders_the_faults():
    lab = lab_named("malloc")
    orders = {tuple(bug.object for bug in packs.bugs(lab, f"student{number}"))
              for number in range(8)}
    assert len(orders) > 2
    levels = [bug.level for bug in packs.bugs(lab, "ada")]
    assert levels == sorted(levels, key=packs.LEVELS.index)


@pytest.mark.parametrize("words, said", [
    ("", "of which lab?"),
    ("--lab=boot", 'there is no lab "boot"'),
    ("--lab=4 --check=1", "the answers of which hunt?"),
    ("--lab=4 --bug=1 --check=1", "there is no labs/4-malloc/hunt-1.txt"),
    ("--lab=4 --bug=1 --answer=I1", "whose hunt?"),
    ("--lab=4 --bug=99 --seed=ada --answer=I1", "has the bugs 1 to 8"),
    ("--lab=4 --bug=1 --seed=a/b --answer=I1", "is not a seed"),
    ("--lab=4 --bug=1 --seed=ada --answer=I1", "has 3 questions")])
def test_wrong_use(words, said):
    done = hunt(*words.split())
    assert done.returncode != 0 and not done.stdout
    assert done.stderr.startswith("hunt: ") and said in done.stderr
    assert done.stderr.count("\n") == 1


def plan_of(lab, bug):
    """The row of the plan that a bug of the pack was made from."""
    (plan,) = (plan for plan in PLANS if plan.lab == lab)
    known = {packs.sealed(lab.name, 0, row)["salt"]: row for row in plan.bugs}
    return known[bug.salt]


def is_found(lab, number, folder, tree):
    """One fault, from the first boot to the marks."""
    bug = packs.bugs(lab, "ada")[number - 1]
    right = plan_of(lab, bug)["answers"]
    seen = by_gdb(right, lambda *commands: session(
        folder, lab.name, number, *commands, root=tree.root))
    assert {**right, **seen} == right, bug.object
    path = tree.root / find_it.usual_sheet(lab, number)
    text = path.read_text(encoding="utf-8")
    assert f"hunt {number} of ada: {bug.level}" in text
    for place, answer_ in enumerate(right.values(), 1):
        text = text.replace(f"\n{place} =", f"\n{place} = {answer_}")
    path.write_text(text, encoding="utf-8")
    done = tree.make("hunt", f"LAB={lab.name}", f"BUG={number}", "CHECK=1")
    assert "15 of 15 points" in done.stdout and done.returncode == 0


def test_a_fault_is_found(tree, tmp_path):
    is_found(lab_named("malloc"), 3, tmp_path, tree)


@pytest.mark.long
@pytest.mark.parametrize("lab, number", [
    pytest.param(plan.lab, number, id=f"{plan.lab.name}-{number}")
    for plan in PLANS for number in range(1, len(plan.bugs) + 1)])
def test_every_fault_is_found(lab, number, tree, tmp_path):
    is_found(lab, number, tmp_path, tree)


def test_words_instead_of_a_sheet():
    lab = lab_named("zalloc")
    bug = packs.bugs(lab, "bob")[0]
    answers = list(plan_of(lab, bug)["answers"].values())
    for words, points in ((answers, 15), (["I9", *answers[1:]], 10)):
        done = hunt("--lab=5", "--bug=1", "--seed=bob",
                    f"--answer={' '.join(words)}")
        assert f"{points} of 15 points" in done.stdout, done.stderr


def test_a_sheet_belongs_to_a_student(tmp_path):
    lab = lab_named("malloc")
    bug = packs.bugs(lab, "ada")[0]
    path = tmp_path / "sheet.txt"
    path.write_text(find_it.text_of_sheet(lab, 1, "ada", bug), "utf-8")
    words = ["--lab=4", "--bug=1", f"--check={path}"]
    done = hunt(*words, "--seed=bob")
    assert "is the sheet of ada, not of bob" in done.stderr
    done = hunt(*words)
    assert "0 of 15 points" in done.stdout and done.returncode == 1
    assert done.stdout.count("no answer yet") == 3
