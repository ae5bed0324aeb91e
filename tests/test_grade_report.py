# SPDX-License-Identifier: MIT
"""Points, the report about them, and call records.  Nothing boots."""
import argparse
import asyncio
import json
import mmap
import os
import re
import struct
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mallow import check
from mallow.grade import call_record, grade, guest_machine, submissions
from mallow.grade.grading import Grading
from mallow.grade.report import Report
from mallow.grade.run_test import Runner, Verdict, not_graded, not_run
from mallow.labs import Lab

LAB = Lab(4, "malloc", "labs/4-malloc", {}, False)
FIRST = check.Test("malloc", "first", 5, "", "what", "hint")
SPLIT = check.Test("malloc", "split", 10, "first", "what", "look there")
HIDDEN = check.Test("malloc", "odd", 3, "split", "what", "hint", True)
TESTS = [FIRST, SPLIT, HIDDEN]
PASSED = Verdict(True)


@pytest.fixture
def report(tmp_path):
    return Report([LAB], TESTS, 7, tmp_path / "results.json")


def read(report):
    return json.loads(report.path.read_text())


def test_the_file_is_there_from_the_start(report):
    report.write()
    said = read(report)
    assert said["score"] == 0 and len(said["tests"]) == 3
    assert {row["output"] for row in said["tests"]} == {"not run yet"}


def test_it_grows_with_each_test(report):
    report.add(FIRST, PASSED)
    assert read(report)["score"] == 5
    report.add(SPLIT, Verdict(False, "overlaps"))
    report.add(HIDDEN, not_run("not run: split has to pass first"))
    said = read(report)
    assert said["score"] == 5
    assert [row["number"] for row in said["tests"]] == ["4.1", "4.2", "4.3"]
    assert [row["status"] for row in said["tests"]] == ["passed", "failed",
                                                        "failed"]
    assert said["tests"][2]["visibility"] == "hidden"
    assert "overlaps" in said["tests"][1]["output"]
    assert not report.full
    assert [path.name for path in report.path.parent.iterdir()] == \
        ["results.json"]


def test_a_failure_says_how_to_see_it_again(report):
    report.add(FIRST, PASSED)
    report.add(SPLIT, Verdict(False, "overlaps"))
    text = report.text()
    for part in ("overlaps", "look there",
                 "make check LAB=malloc TEST=split SEED=7",
                 "make debug TEST=malloc/split SEED=7"):
        assert part in text


def test_a_test_counts_after_what_it_needs(report):
    report.add(FIRST, Verdict(False, "no"))
    report.add(SPLIT, PASSED)
    assert report.score() == 0
    assert "counts after first" in report.text()


def test_together_counts_nothing_and_names_what_differs(report):
    for test in TESTS:
        report.add(test, PASSED)
    report.together = {FIRST: PASSED, SPLIT: Verdict(False, "your lab 1")}
    assert report.full
    assert "1 of 2 tests pass" in report.text()
    assert "your lab 1" in report.text()


def test_what_is_not_written_needs_no_hint():
    report = Report([LAB], [FIRST], 1)
    report.add(FIRST, Verdict(False, "kmalloc(): not written yet"))
    assert "hint" not in report.text()
    report.add(FIRST, Verdict(False, "NULL in a heap with room"))
    assert "hint: hint" in report.text()


def test_a_crash_gets_no_hint_about_an_expectation():
    report = Report([LAB], [FIRST], 1)
    report.add(FIRST, Verdict(False, "page fault in f+0x2", crashed=True))
    assert "hint" not in report.text()


def test_a_line_ends_with_the_screen():
    assert check.in_width("x" * 80) == "x" * 80
    assert check.in_width("x" * 81) == "x" * 79 + "…"


def test_an_optional_lab_counts_when_it_is_begun():
    optional = LAB._replace(name="spans", optional=True)
    test = check.Test("spans", "first", 5, "", "what", "hint")
    report = Report([LAB, optional], [FIRST, test], 1)
    report.add(FIRST, PASSED)
    report.add(test, Verdict(False, "not written yet"))
    grade.leave_out_optional(report)
    assert report.full
    report = Report([LAB, optional], [FIRST, test], 1)
    report.add(test, PASSED)
    grade.leave_out_optional(report)
    assert report.most() == 10 and not report.full


# -- scores.csv ---------------------------------------------------------------

def test_names_of_submissions(tmp_path):
    names = ["ann b", "ann_b", "ANN_B", ".git", "__MACOSX", "n" * 254,
             "tests.json", "-rf", "a'b$(c)", os.fsdecode(b"\xff\xfe")]
    for name in names:
        (tmp_path / name).mkdir()
    found = submissions.find_submissions(tmp_path)
    assert len(found) == len(names) - 2
    assert len({name.lower() for name in found}) == len(found)
    for name in found:
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,70}", name), name


def test_a_row_says_whose_it_is(tmp_path):
    name = os.fsdecode(b"\xffann\x1b[2J")
    out = tmp_path / "ann"
    out.mkdir()
    (out / "results.json").write_text(json.dumps({
        "score": 0, "execution_time": 1, "output": "", "tests": []}))
    row = submissions.row(tmp_path / name, out)
    assert row["name"] == "\\xffann\\x1b[2J"
    submissions.as_csv([row]).encode("utf-8")


def test_a_class_has_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(submissions, "GRADE", tmp_path / "grade")
    monkeypatch.setattr(submissions, "BUILD", tmp_path)
    with submissions.results_folder() as first, \
            submissions.results_folder() as second:
        assert first.name == "grade" and second.name == "grade-2"
    with submissions.results_folder() as again:
        assert again == first


SAID = """heap: no points: does not compile:
src/mm/heap/bump.c: In function 'block_append':
src/mm/heap/bump.c:65:37: error: 'x' undeclared
src/mm/heap/bump.c:65:43: error: expected ';'
malloc: no points: src/mm/malloc/malloc.c is missing"""


def test_a_reason_is_one_line():
    assert submissions.reasons(SAID) == (
        "heap: no points: does not compile: src/mm/heap/bump.c:65:37: error: "
        "'x' undeclared; malloc: no points: src/mm/malloc/malloc.c is missing")
    assert submissions.reasons("") == ""


def test_a_row_names_what_has_failed(report, tmp_path):
    report.add(FIRST, Verdict(False, "overlaps"))
    report.add(SPLIT, not_run("not run: first has to pass first"))
    report.add(HIDDEN, not_run("not run: split has to pass first"))
    row = submissions.row(tmp_path / "ann", report.path.parent)
    assert row["reason"] == "failed: malloc/first (overlaps)"
    rows = [{"name": name, "status": "failed", "output": "overlaps"}
            for name in "abcde"]
    assert submissions.failed(rows) == \
        "failed: a (overlaps), b, c and 2 more"
    rows[0]["output"] = "x" * 101 + "\nhint: y"
    assert submissions.failed(rows[:1]) == f"failed: a ({'x' * 100}...)"


# -- What this computer has failed -----------------------------------------------

def test_not_graded_is_not_zero(report):
    report.add(FIRST, PASSED)
    report.add(SPLIT, not_graded("QEMU was ended by signal 9"))
    said = read(report)
    assert "score" not in said
    first, split = said["tests"][:2]
    assert first["score"] == 5
    assert "score" not in split and "status" not in split
    assert split["output"] == "not graded: QEMU was ended by signal 9"
    assert report.ungraded == [SPLIT]
    assert "malloc/split                 - of  10  NOT GRADED" in report.text()
    assert "hint" not in report.text()


@pytest.mark.parametrize("status, said, fault, guest", [
    (-9, "", "signal 9", ""), (-11, "", "signal 11", ""),
    (1, "qemu: could not open disk\n", "could not open disk", ""),
    (None, "", "", ""), (0, "", "", ""), (41, "", "", ""), (1, "", "", ""),
    (-24, "", "", "processor time"), (-25, "", "", "printed"),
    (-6, "qemu: fatal: Trying to execute code outside RAM or ROM at 0x5\n",
     "", "jumps")])
def test_whose_fault_it_was(status, said, fault, guest):
    found = guest_machine.host_fault(status, said)
    assert fault in found and bool(found) == bool(fault)
    found = guest_machine.guest_ended(status, said)
    assert guest in found and bool(found) == bool(guest)


class Machine:
    """Fails a few times, for a reason of this computer."""

    def __init__(self, times):
        self.times = times

    async def run(self, _words, more=()):
        self.times -= 1
        raise guest_machine.Interrupted("QEMU was ended by signal 9") \
            if self.times >= 0 else guest_machine.Trouble("enough")


def test_a_machine_is_tried_twice():
    machine = Machine(99)
    verdicts = asyncio.run(Runner(1).tests(lambda test: machine,
                                           [FIRST, SPLIT]))
    assert machine.times == 97
    assert not verdicts[FIRST].graded and "signal 9" in verdicts[FIRST].message
    assert not verdicts[SPLIT].graded and "first" in verdicts[SPLIT].message


def test_a_mistake_in_the_grader_costs_no_points(monkeypatch):
    def wrong(_):
        raise KeyError("x\x1b[2J")

    monkeypatch.setattr(grade, "grade_submission", wrong)
    arguments = argparse.Namespace(lab="malloc", all=False)
    with pytest.raises(grade.Trouble) as caught:
        grade.grade(arguments)
    assert caught.value.status == grade.NOT_GRADED
    assert re.fullmatch(r"not graded: a mistake in the grader, "
                        r"test_grade_report\.py:\d+: KeyError\('x.*\)",
                        str(caught.value))


def test_a_submission_has_a_limit(monkeypatch):
    monkeypatch.setattr(Runner, "used", lambda self: 1e6)
    verdicts = asyncio.run(Runner(1).tests(lambda test: None, [FIRST]))
    assert "used up its" in verdicts[FIRST].message
    assert verdicts[FIRST].graded and not verdicts[FIRST].passed


# -- A boot without a test ----------------------------------------------------------

class Booted(Machine):
    """Boots, and prints a log."""

    def __init__(self, console, reason=None):
        super().__init__(0)
        self.console, self.reason = console, reason

    async def run(self, words, more=()):
        assert words == ["stage=malloc", "exit"]
        return guest_machine.End(33, "", self.reason, self.console, [],
                                 mmap.mmap(-1, 4096), [], 0.1)


LOG = """Mallow
  3 heap    ok   2048 KiB
  4 malloc  BROKEN
            I4: the list is in address order
            at 0xc0100000: expected 1, found 2
  ...
"""


@pytest.mark.parametrize("console, reason, said", [
    (LOG, None, ["4 malloc  BROKEN", "I4: the list is in address order",
                 "at 0xc0100000: expected 1, found 2"]),
    ("Mallow\n", "the kernel panicked: oops", ["oops"]),
    ("Mallow\n", None, ["no word of this stage"])])
def test_the_boot_log_is_reported(report, console, reason, said):
    report.add(FIRST, PASSED)
    report.boots["malloc"] = asyncio.run(
        Runner(1).boot(Booted(console, reason), "malloc"))
    assert report.boots["malloc"].splitlines() == said
    assert all(line in report.text() for line in said)
    report.write()
    assert said[0] in read(report)["output"]
    assert read(report)["score"] == 5


# -- What students see -------------------------------------------------------------

def test_hidden_tests_stay_hidden(report):
    report.add(FIRST, PASSED)
    report.add(SPLIT, PASSED)
    report.add(HIDDEN, Verdict(False, "secret"))
    assert "odd" not in report.text() and "secret" not in report.text()
    assert "malloc/odd" in report.hidden_text()
    assert "secret" in report.hidden_text()
    said = read(report)
    shown = [test for test in said["tests"] if test["visibility"] == "visible"]
    assert "secret" not in json.dumps([said["output"], shown])


def test_control_characters_stay_out(report):
    report.refused["malloc"] = "a\x1b[2J"
    report.add(FIRST, Verdict(False, "b\x1b[2J\r\x07"))
    report.add(SPLIT, PASSED)
    report.together = {SPLIT: Verdict(False, "c\x1b]0;d\x07")}
    for text in (report.text(), report.path.read_text()):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]|\\u001b", text)


# -- Starters -----------------------------------------------------------------

class SlowKit:
    """Notes which labs are dug, and whether two at once."""

    def __init__(self):
        self.dug, self.busy = [], False

    def starters(self, lab):
        assert not self.busy, "two threads write the same files"
        self.busy = True
        time.sleep(0.01)
        self.dug.append(lab.name)
        self.busy = False
        return {lab.name: lab.folder}


def test_kernels_share_starters_that_are_made_once(tmp_path):
    kit = SlowKit()
    grading = Grading(kit, tmp_path, None, None, tmp_path)
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(grading.later, grading.every_lab))
    assert sorted(kit.dug) == sorted(lab.name for lab in grading.every_lab[1:])
    assert [len(each) for each in made] == \
        list(reversed(range(len(grading.every_lab))))


# -- The call record ----------------------------------------------------------

def record_of(*kinds):
    return b"".join(
        struct.pack("<HH7I", kind, 9, *arguments, 0, 0, order, 1)
        for order, (kind, arguments) in enumerate(kinds)) + bytes(64)


def words(text):
    return struct.unpack("<3I", text.ljust(12, b"\0"))


BEGIN, END = (1, (1, 2, 3)), (2, (0, 0, 0))
ALLOC = (0x100 + 15, (24, 8, 0))


def wrong(image):
    with pytest.raises(call_record.Wrong) as caught:
        call_record.check_whole(call_record.read(image, 0, len(image)))
    return str(caught.value)


def test_a_whole_call_record():
    image = record_of(BEGIN, ALLOC, END)
    found = call_record.read(image, 0, len(image))
    call_record.check_whole(found)
    assert str(found[1]) == "kmalloc(24)"


def test_tapes_that_are_not_whole():
    assert "not begun" in wrong(bytes(64))
    assert "not begun" in wrong(record_of(END))
    assert "come to its end" in wrong(record_of(BEGIN, ALLOC))
    assert "more than" in wrong(record_of(BEGIN, (0xFFFF, (0, 0, 0))))
    assert "something" in wrong(record_of(BEGIN, (3, words(b"something")), END))
    image = bytearray(record_of(BEGIN, ALLOC, END))
    image[32 + 24] = 7
    assert "written over" in wrong(bytes(image))


def test_the_call_that_did_not_come_back():
    image = record_of(BEGIN, ALLOC)
    assert str(call_record.pending(call_record.read(image, 0, len(image)))) == \
        "kmalloc(24)"
