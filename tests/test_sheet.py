# SPDX-License-Identifier: MIT
"""Lab 0's answer sheet, filled in rightly, wrongly and not at all.

The right answers come from the marker's own look into the kernel; those that
are known without it, from the Multiboot2 specification, the linker script and
the order of the trace files, are compared with what it saw.
"""
import re

import pytest
from conftest import ROOT

from mallow import sheet
from mallow.layout import KERNEL_BASE

SEED = "grace"


@pytest.fixture(scope="module")
def answers():
    """{number: the right answer, as one would write it}"""
    mine = sheet.Sheet(SEED)
    seen = sheet.boot(mine)
    return {str(number): question.answer(seen)
            for number, question in enumerate(mine.questions, 1)}


def marks_of(tmp_path, rows):
    path = tmp_path / "answers.txt"
    path.write_text(f"seed = {SEED}\n" + "".join(
        f"{number} = {answer}\n" for number, answer in rows.items()),
        encoding="utf-8")
    return sheet.marks(path)


def earned(marks):
    return sum(mark.earned for mark in marks)


def test_known_answers(answers):
    mine = sheet.Sheet(SEED)
    traces = sorted(path.name for path in (ROOT / "traces").glob("*.rep"))
    assert answers["1"] == 0x36D76289
    assert answers["7"] == (ROOT / "traces" / traces[mine.sized]).stat().st_size
    assert answers["8"].endswith(traces[mine.named])
    assert answers["9"] & ~0x60 == (mine.address - KERNEL_BASE & -0x400000) | 0x83
    assert answers["10"] == mine.backwards + KERNEL_BASE


def test_right(answers, tmp_path):
    assert earned(marks_of(tmp_path, answers)) == 100
    in_hex = {number: hex(answer) if isinstance(answer, int) else answer
              for number, answer in answers.items()}
    assert earned(marks_of(tmp_path, in_hex)) == 100


def test_wrong_and_missing(answers, tmp_path):
    assert earned(marks_of(tmp_path, {})) == 0
    wrong = {**answers, "5": answers["5"] + 1, "8": "no-such-file.rep",
             "9": "many"}
    marks = marks_of(tmp_path, wrong)
    assert earned(marks) == 70
    assert [mark.name for mark in marks if not mark.earned] == \
        ["question 5", "question 8", "question 9"]


def test_check(answers, tree):
    """As a student does it: make sheet, fill in, make check."""
    done = tree.make("check", "LAB=boot")
    assert done.returncode != 0
    assert "make sheet SEED=yourname" in done.stdout + done.stderr
    text = tree.make("sheet", f"SEED={SEED}").stdout
    filled = re.sub(r"^(\d+) =$", lambda row: f"{row[0]} {answers[row[1]]}",
                    text, flags=re.MULTILINE)
    (tree.root / sheet.ANSWERS).write_text(filled, encoding="utf-8")
    done = tree.make("check", "LAB=boot")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "  100 of 100 points"
