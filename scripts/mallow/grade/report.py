# SPDX-License-Identifier: MIT
"""The report of a grading: for a person, and in Gradescope's format.

    results.json   { "score": 87, "execution_time": 41.3, "output": "...",
                     "tests": [ { "number": "4.3", "name": "malloc/split",
                                  "score": 10, "max_score": 10, "output": "",
                                  "status": "passed",
                                  "visibility": "visible" }, ... ] }

The file is whole at any time, and new after each test: a grading that is stopped
early leaves what has passed until then.

P1: everything here may be a student's invention; it is made plain before it
    goes anywhere.
P2: what hidden tests print goes into rows that are hidden, and into
    hidden_text().  Nothing else holds a word of it, not even their names.
P3: a test that was not graded has no score, and neither has their sum.
"""
import json
import os
import time

from .. import check
from . import run_test
from .plain_text import plain

WAITING = "not run yet"


def write_whole(path, text):
    """Writes a file: a reader sees the old one or the new one, never half of
    one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_suffix(f".{os.getpid()}.new")
    scratch.write_text(text, encoding="utf-8")
    os.replace(scratch, path)


class Report:
    """The report of one submission; it grows during the grading."""

    def __init__(self, labs, tests, seed, path=None):
        self.labs = {lab.name: lab for lab in labs}
        self.tests, self.seed, self.path = tests, seed, path
        self.verdicts = {}  # {test: verdict}, in the order they come
        self.notes = {}     # {test: how a failure looks on the host}
        self.refused = {}   # {lab name: why there is nothing to run}
        self.together = {}  # {test: verdict}, with all labs of the submission
        self.boots = {}     # {lab name: what the boot log says of its stage}
        self.apart = ""     # why they were not run together
        self.next_lab = None
        self.used = None    # seconds of processor time, of a submission
        self.began = time.monotonic()

    def add(self, test, verdict):
        self.verdicts[test] = verdict
        self.write()

    # -- Points ---------------------------------------------------------------

    def points(self, test):
        return check.points(test, self.verdicts) if test in self.verdicts else 0

    def score(self, lab_name=None):
        return sum(self.points(test) for test in self.tests
                   if lab_name in (None, test.lab))

    def most(self, lab_name=None):
        return sum(test.points for test in self.tests
                   if lab_name in (None, test.lab))

    @property
    def full(self):
        return bool(self.tests) and self.score() == self.most()

    @property
    def ungraded(self):
        """Tests that this computer failed (P3)."""
        return [test for test in self.tests if test in self.verdicts
                and not self.verdicts[test].graded]

    @property
    def has_hidden(self):
        return any(test.hidden for test in self.tests)

    # -- In words -------------------------------------------------------------

    def again(self, test):
        return (f"make check LAB={test.lab} TEST={test.name} SEED={self.seed}",
                f"make debug TEST={test.lab}/{test.name} SEED={self.seed}")

    def failure(self, test):
        """The failure, the place to look, the command to repeat it."""
        verdict = self.verdicts[test]
        lines = [*plain(verdict.message).splitlines(),
                 *plain(self.notes.get(test, "")).splitlines()]
        if verdict.ran:
            check_line, debug_line = self.again(test)
            lines += [*check.hint(test, verdict.message, verdict.crashed),
                      f"again: {check_line}", f"       {debug_line}"]
        return lines

    def details(self, tests):
        """A paragraph for each test that failed or was not graded."""
        lines = []
        for test in tests:
            verdict = self.verdicts[test]
            if not verdict.graded or verdict.ran and not verdict.passed:
                lines += ["", f"{test.lab}/{test.name}: {test.what}",
                          *indented(self.failure(test))]
        return lines

    def table(self, hidden):
        """The rows of the tests that are hidden, or of those that are not."""
        done = {test: self.verdicts[test] for test in self.tests
                if test in self.verdicts}
        rows = {test: verdict for test, verdict in done.items()
                if test.hidden == hidden}
        lines = list(check.table(rows, done))
        labs = {test.lab for test in rows}
        if len(labs) > 1:
            lines.append(f"  {'all of it':26} "
                         f"{sum(map(self.points, rows)):3} of "
                         f"{sum(test.points for test in rows):3}")
        return lines, rows

    def text(self):
        """The report for a person, with all that a student may see."""
        lines, rows = self.table(hidden=False)
        for name, why in self.refused.items():
            lines += ["", f"{name}: no points",
                      *indented(plain(why).splitlines())]
        lines += self.details(rows) + self.boot_lines() + self.together_lines()
        if self.next_lab:
            lines += ["", self.next_line()]
        if self.used is not None:
            lines += ["", f"processor time: {self.used:.0f} s of "
                      f"{run_test.CPU_SECONDS} s that its machines have"]
        return "\n".join(lines)

    def hidden_text(self):
        """The part that only staff may see."""
        lines, rows = self.table(hidden=True)
        return "\n".join(["", "hidden tests, for staff alone:", *lines,
                          *self.details(rows), "",
                          f"  {'with hidden tests':26} {self.score():3} of "
                          f"{self.most():3}"])

    def next_line(self):
        return (f"next: lab {self.next_lab.number}, not written yet: "
                f"{self.next_lab.folder}/README.md")

    def boot_lines(self):
        """The kernel's own words about the stages of these labs."""
        if not self.boots:
            return []
        return ["", "booted once to its stage, for no points:" if
                len(self.boots) == 1 else
                "each booted once to its stage, for no points:",
                *indented(line for said in self.boots.values()
                          for line in plain(said).splitlines())]

    def together_lines(self):
        """The differences when each lab uses the submission's own earlier labs."""
        if self.apart:
            return ["", "once more all together: " + plain(self.apart)]
        if not self.together:
            return []
        passed = sum(verdict.passed for verdict in self.together.values())
        lines = ["", f"once more all together, for no points: {passed} of "
                 f"{len(self.together)} tests pass"]
        for test, verdict in self.together.items():
            if self.verdicts[test].passed and verdict.ran \
                    and not verdict.passed:
                lines += [f"  only together fails {test.lab}/{test.name}:",
                          *indented(indented(
                              plain(verdict.message).splitlines()))]
        return lines

    # -- For machines ---------------------------------------------------------

    def row(self, test):
        verdict = self.verdicts.get(test)
        lab = self.labs[test.lab]
        place = [each for each in self.tests if each.lab == test.lab]
        passed = verdict is not None and verdict.passed
        row = {"number": f"{lab.number}.{place.index(test) + 1}",
               "name": f"{test.lab}/{test.name}",
               "score": self.points(test), "max_score": test.points,
               "output": WAITING if verdict is None else
               "" if passed else "\n".join(self.failure(test)),
               "status": "passed" if passed else "failed",
               "visibility": "hidden" if test.hidden else "visible"}
        if verdict and not verdict.graded:  # P3
            del row["score"], row["status"]
        return row

    def write(self):
        if not self.path:
            return
        said = [f"{name}: no points: {plain(why)}"
                for name, why in self.refused.items()]
        if self.ungraded:
            said.append(f"not graded: {len(self.ungraded)} of "
                        f"{len(self.tests)} tests")
        if self.next_lab:
            said.append(self.next_line())
        said += self.boot_lines()[1:]
        results = {
            "score": self.score(),
            "execution_time": round(time.monotonic() - self.began, 2),
            "output": "\n".join(said),
            "visibility": "visible",
            "output_format": "text",  # never HTML
            "test_output_format": "text",
            "tests": [self.row(test) for test in self.tests]}
        if self.ungraded:
            del results["score"]
        write_whole(self.path, json.dumps(results, indent=1) + "\n")


def indented(lines):
    return ["  " + line for line in lines]
